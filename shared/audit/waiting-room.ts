import { type Pending, settle, unavailable } from './pending.ts'

/** So many followers go before the requests: what was made before the journal could be (`keys.created`) is its first entry. */
const FIRST_FOLLOWERS = 16

export type WaitingRoom = {
  add(pending: Pending): void
  /** Everybody, in the order in which they go into the lane; the room is empty afterwards. */
  leave(): Pending[]
  size(): number
}

/** Entries without an open lane. A request leaves with `journal_unavailable` when its deadline has passed; followers stay. */
export function createWaitingRoom(deadlineMs: number, reason: () => string): WaitingRoom {
  let requests: Pending[] = []
  let followers: Pending[] = []
  let timer: NodeJS.Timeout | undefined
  return {
    add(pending) {
      if (!pending.settle) return void followers.push(pending)
      requests.push(pending)
      timer ??= setTimeout(expire, left(pending))
    },
    leave() {
      const all = [...followers.slice(0, FIRST_FOLLOWERS), ...requests, ...followers.slice(FIRST_FOLLOWERS)]
      requests = []
      followers = []
      clearTimeout(timer)
      timer = undefined
      return all
    },
    size: () => requests.length + followers.length,
  }

  /** Requests come in the order of their deadlines, so one timer for the first is enough. */
  function expire(): void {
    timer = undefined
    const count = requests.findIndex((pending) => left(pending) > 0)
    const late = count < 0 ? requests : requests.slice(0, count)
    requests = count < 0 ? [] : requests.slice(count)
    for (const pending of late) settle(pending, unavailable(reason()))
    const [next] = requests
    if (next) timer = setTimeout(expire, left(next))
  }

  function left(pending: Pending): number {
    return pending.since + deadlineMs - performance.now()
  }
}
