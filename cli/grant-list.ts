import { noArgument, numberOption } from './gateway/arguments.ts'
import { GATEWAY_OPTIONS, GATEWAY_USAGE, openGateway } from './gateway/gateway.ts'
import { allPages } from './gateway/pages.ts'
import { EXIT, type Verb } from './verb.ts'

export const grantList: Verb = {
  name: 'grant list',
  usage: `[--limit N] ${GATEWAY_USAGE} [--json]`,
  summary: 'Lists the caller’s own grants, and those of others that it may read.',
  options: { ...GATEWAY_OPTIONS, limit: { type: 'string' } },
  async run(call) {
    noArgument(call)
    const limit = numberOption(call, 'limit') ?? Number.POSITIVE_INFINITY
    const { value, more } = await allPages(await openGateway(call), { path: '/v1/grants', query: {} }, limit)
    return { exit: EXIT.ok, json: { value, ...(more && { more }) }, text: value.map(line) }
  },
}

function line(grant: Record<string, unknown>): string {
  const { id, state, expires, principal, usesLeft, effective } = grant
  const { actions, resources } = (effective ?? {}) as Record<string, unknown>
  const text = (list: unknown) => (Array.isArray(list) ? list.join(',') : '')
  const uses = usesLeft === undefined ? [] : [`${usesLeft} uses left`]
  return [id, state, `until ${expires}`, principal, text(actions), `on ${text(resources)}`, ...uses].join(' ')
}
