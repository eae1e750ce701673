import { setImmediate as nextTurn } from 'node:timers/promises'

/** How long work may keep the event loop at a time. */
const SLICE_MS = 8

/** Lets waiting requests through whenever a slice of time is used up; undefined while it is not. */
export type Turns = () => Promise<void> | undefined

export function createTurns(): Turns {
  let began = performance.now()
  return () => {
    if (performance.now() - began < SLICE_MS) return undefined
    return nextTurn().then(() => {
      began = performance.now()
    })
  }
}

/** `flatMap` in slices. */
export async function gather<T, R>(
  items: Iterable<T>,
  turn: Turns,
  each: (item: T) => readonly R[] | Promise<readonly R[]>,
): Promise<R[]> {
  const found: R[] = []
  for (const item of items) {
    const wait = turn()
    if (wait) await wait
    const some = each(item)
    for (const one of some instanceof Promise ? await some : some) found.push(one)
  }
  return found
}
