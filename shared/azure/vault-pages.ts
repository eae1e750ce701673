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
