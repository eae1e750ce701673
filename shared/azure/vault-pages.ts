import { failureOf, GarbledAnswer } from './failure.ts'

/** Far more than a vault holds; a server that pages without end is not followed. */
const MAX_PAGES = 4_000

/**
 * Walks the SDK's pages, empty ones with a `nextLink` included. Only the first page is asked for again after a failed
 * connection. INVARIANT: an iterator that has thrown is never asked again: it would say "done" and cut the list short.
 */
export async function* walkPages<T>(open: () => AsyncIterator<T[]>): AsyncGenerator<T> {
  let pages = open()
  let next = await pages.next().catch((error: unknown) => {
    if (failureOf(error).kind !== 'network') throw error
    pages = open()
    return pages.next()
  })
  for (let page = 1; !next.done; page += 1) {
    if (page > MAX_PAGES) throw new GarbledAnswer()
    yield* next.value
    next = await pages.next()
  }
}

type Answer = { status: number; bodyAsText?: string | null }

/**
 * The SDK takes a page without `value` for an empty one, which would show a shorter list than there is. This stands nearer
 * to the wire and lets no such page through.
 */
export const pageShapePolicy = {
  name: 'sallyportPageShape',
  async sendRequest<R extends { url: string }, A extends Answer>(
    request: R,
    next: (request: R) => Promise<A>,
  ): Promise<A> {
    const answer = await next(request)
    const isList = /^\/secrets(\/[^/]+\/versions)?\/?$/.test(new URL(request.url).pathname)
    if (isList && answer.status === 200 && !hasItems(answer.bodyAsText)) throw new GarbledAnswer()
    return answer
  },
}

function hasItems(body: string | null | undefined): boolean {
  try {
    return Array.isArray((JSON.parse(body ?? '') as { value?: unknown }).value)
  } catch {
    return false
  }
}
