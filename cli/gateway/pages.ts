import type { GatewayClient, GatewayRequest } from './gateway.ts'

/**
 * Everything of a list, page by page. `nextLink` is absolute and names the gateway as it names itself: only its query is
 * followed, so that the token goes nowhere else.
 */
export async function allPages(gateway: GatewayClient, request: GatewayRequest, limit: number) {
  const found: Record<string, unknown>[] = []
  let query = request.query
  while (query) {
    const { json } = await gateway({ ...request, query })
    if (Array.isArray(json['value'])) found.push(...json['value'])
    const next = String(json['nextLink'] ?? '')
    query = found.length < limit && URL.canParse(next) ? Object.fromEntries(new URL(next).searchParams) : undefined
  }
  return { value: found.slice(0, limit), more: found.length > limit }
}
