import type { JsonService } from '../rotation/json-service.ts'

export type Pages = {
  service: JsonService
  origin: string
  path: string
  next: '@odata.nextLink' | 'nextLink'
  signal: AbortSignal
}

/** A tenant with more is told as one that could not be read: half a directory would make orphans of the rest. */
const MAX_PAGES = 500

/** An answer that is no page of a list, or leads elsewhere. */
export class BadPage extends Error {
  readonly reason: 'no_list' | 'link_elsewhere' | 'too_many_pages'
  constructor(reason: BadPage['reason']) {
    super(reason)
    this.name = 'BadPage'
    this.reason = reason
  }
}

/**
 * Walks a list of Graph or ARM. A link is followed on the same origin alone, since the gateway's token goes with it (T40), and
 * never to a page that was there before. An empty page may have a link. Throws BadPage, UpstreamFailure.
 */
export async function* pagesOf({ service, origin, path, next, signal }: Pages): AsyncIterable<unknown> {
  const seen = new Set<string>()
  for (let at: string | undefined = path; at !== undefined; ) {
    if (seen.size >= MAX_PAGES || seen.has(at)) throw new BadPage('too_many_pages')
    seen.add(at)
    const answer = (await service('GET', at, { signal })) as Record<string, unknown> | null | undefined
    const value = answer?.['value']
    if (!answer || !Array.isArray(value)) throw new BadPage('no_list')
    yield* value
    at = pathOf(answer[next], origin)
  }
}

function pathOf(link: unknown, origin: string): string | undefined {
  if (link === undefined || link === null) return undefined
  const url = typeof link === 'string' ? URL.parse(link) : null
  if (!url || url.origin !== new URL(origin).origin || url.username || url.password) throw new BadPage('link_elsewhere')
  return `${url.pathname}${url.search}`
}
