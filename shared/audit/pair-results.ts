import type { OpenIntent } from './report.ts'

/** Matches results to intents by `txn` while both stream by; one `txn` may have several of each (a batch). */
export type Pairing = {
  intent(open: OpenIntent): void
  result(place: ResultPlace): void
  /** Intents without a result, in the order they came. */
  open(): OpenIntent[]
  /** Results that met no intent. */
  orphans(): ResultPlace[]
}

export type ResultPlace = { txn: string; writer: string; block: number; entry: number }

export function createPairing(): Pairing {
  const intents = new Map<string, OpenIntent[]>()
  const results = new Map<string, ResultPlace[]>()
  return {
    intent(open) {
      if (!shift(results, open.txn)) push(intents, open.txn, open)
    },
    result(place) {
      // INVARIANT: the earliest intent is matched first, so what stays open is the latest, where a late block would be.
      if (!shift(intents, place.txn)) push(results, place.txn, place)
    },
    open: () => [...intents.values()].flat(),
    orphans: () => [...results.values()].flat(),
  }
}

function push<T>(map: Map<string, T[]>, key: string, item: T): void {
  const items = map.get(key)
  if (items) items.push(item)
  else map.set(key, [item])
}

function shift<T>(map: Map<string, T[]>, key: string): T | undefined {
  const items = map.get(key)
  const item = items?.shift()
  if (items?.length === 0) map.delete(key)
  return item
}
