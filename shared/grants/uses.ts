import { hash } from 'node:crypto'
import type { Row, Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import { jitter } from '../jitter.ts'
import { orUnavailable } from '../storage-unavailable.ts'
import type { StoredContext } from './access-context.ts'
import { SLOTS, type Slots } from './slots.ts'
import { CONTENTION_MS, contended, type GrantStore } from './store.ts'

/** What is to be taken: an id of its own, so that however often it is tried, it is taken once. */
export type Take = {
  /** Row key of its record. */
  key: string
  /** More than one where a delegation takes its uses out. */
  count: number
  /** Columns of its record. */
  about: Record<string, string>
}

/** The grant whose uses are taken; `check` throws when it is no longer good: it is asked at each reading. */
export type Counted = {
  id: string
  maxUses: number
  check(context: StoredContext | 'unknown' | 'tampered'): StoredContext
}

export type Uses = {
  /** Durable when it resolves. Throws `uses_exhausted`, `storage_unavailable`, and what `check` throws. */
  take(counted: Counted, take: Take): Promise<void>
}

/** Rows of one transaction, at most 100. */
const MAX_ROWS = 99
const CALL = { deadlineMs: 2_000 }
/** Who waited so long behind others is told to come again: a late storage must not pile up requests of one grant. */
const MAX_WAIT_MS = 5_000

/** Record of one act through a grant: the same transaction and act have the same. */
export function takeOf({ txn, action, resource }: { txn: string; action: string; resource: string }): Take {
  const key = `u|${hash('sha256', JSON.stringify([txn, action, resource]), 'base64url')}`
  return { key, count: 1, about: { txn, action, resource } }
}

type Waiting = Take & { counted: Counted; since: number; done: () => void; failed: (error: unknown) => void }

/**
 * Takes uses, exactly (T12): the counter, or the slots, and the records of what was taken are one transaction, so the spend is
 * the record. One at a time for each grant in this process, and whatever waits meanwhile goes together.
 */
export function createUses(deps: { table: Table; store: GrantStore; slots: Slots; now: () => number }): Uses {
  const queues = new Map<string, Waiting[]>()
  return {
    take: (counted, take) =>
      new Promise((done, failed) => {
        const waiting = { ...take, counted, since: performance.now(), done, failed }
        const queue = queues.get(counted.id)
        if (queue) {
          queue.push(waiting)
          return
        }
        queues.set(counted.id, [waiting])
        void drain(counted.id)
      }),
  }

  async function drain(id: string): Promise<void> {
    for (let queue = queues.get(id); queue && queue.length > 0; ) {
      const group = groupOf(queue)
      await settle(id, group.filter(inTime)).catch((error: unknown) => {
        for (const each of group) each.failed(error)
      })
    }
    queues.delete(id)
  }

  async function settle(id: string, group: Waiting[]): Promise<void> {
    const giveUpAt = performance.now() + CONTENTION_MS
    let left = group
    for (let tries = 1; left.length > 0; tries++) {
      if (performance.now() > giveUpAt) throw contended()
      left = await attempt(id, left)
      if (left.length > 0) await jitter(tries)
    }
  }

  /** Takes what it can; gives back what another process came in the way of. */
  async function attempt(id: string, group: readonly Waiting[]): Promise<Waiting[]> {
    const [{ counted }] = group as [Waiting]
    const found = await deps.slots.read(counted)
    const good: Waiting[] = []
    for (const each of group) {
      try {
        each.counted.check(found.context)
        good.push(each)
      } catch (error) {
        each.failed(error)
      }
    }
    if (good.length === 0 || typeof found.context === 'string') return []
    const { fitting, others } = split(good, found.left)
    await Promise.all(others.map((each) => settleExhausted(id, each)))
    if (fitting.length === 0) return []
    const records = fitting.map((take) => recordRow(id, take, deps.now()))
    const answer = await deps.slots
      .take({ ...found, context: found.context }, sum(fitting), records)
      .catch(async (error: unknown) => {
        // It may have been written all the same: its record says.
        const missing = await notRecorded(id, fitting)
        if (missing.length > 0) throw error
        return 'conflict' as const
      })
    if (answer === 'conflict') return notRecorded(id, fitting)
    for (const each of fitting) each.done()
    return []
  }

  /** A repeat finds its record although nothing is left. */
  async function settleExhausted(id: string, each: Waiting): Promise<void> {
    if ((await notRecorded(id, [each])).length > 0) each.failed(new GatewayError('uses_exhausted', 'uses_exhausted'))
  }

  /** Settles those whose record is there; gives the others. */
  async function notRecorded(id: string, group: readonly Waiting[]): Promise<Waiting[]> {
    const rows = await Promise.all(group.map(({ key }) => orUnavailable('grants', () => deps.table.get(id, key, CALL))))
    return group.filter((each, at) => {
      if (!rows[at]) return true
      each.done()
      return false
    })
  }
}

function inTime({ since, failed }: Waiting): boolean {
  const late = performance.now() - since > MAX_WAIT_MS
  if (late) failed(contended())
  return !late
}

/** As many as one transaction holds, each record once: a twin waits for the next group and finds the record. */
function groupOf(queue: Waiting[]): Waiting[] {
  const group: Waiting[] = []
  const keys = new Set<string>()
  let rows = 1
  for (const each of [...queue]) {
    const own = 1 + (each.counted.maxUses <= SLOTS ? each.count : 0)
    if (keys.has(each.key) || (rows + own > MAX_ROWS && group.length > 0)) continue
    keys.add(each.key)
    group.push(each)
    queue.splice(queue.indexOf(each), 1)
    rows += own
  }
  return group
}

function split(group: readonly Waiting[], available: number): { fitting: Waiting[]; others: Waiting[] } {
  const fitting: Waiting[] = []
  const others: Waiting[] = []
  let left = available
  for (const each of group) {
    if (each.count > left) others.push(each)
    else {
      fitting.push(each)
      left -= each.count
    }
  }
  return { fitting, others }
}

const sum = (group: readonly Take[]) => group.reduce((total, { count }) => total + count, 0)

const recordRow = (partitionKey: string, { key, count, about }: Take, at: number): Row => ({
  partitionKey,
  rowKey: key,
  at: new Date(at).toISOString(),
  count,
  ...about,
})
