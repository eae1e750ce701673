import type { Table } from '../azure/table.ts'
import { hourOf } from '../time-keys.ts'
import { MAX_BLOCK_CHARACTERS, packBlock, sizeOf } from './block.ts'
import type { Chain, Link } from './chain.ts'
import { insertBlock } from './insert-block.ts'
import { type Pending, settle, unavailable } from './pending.ts'

/** The last acknowledged block of a writer. */
export type Head = { wid: string; block: number; mac: string; hour: string }

export type LaneDeps = {
  table: Table
  chain: Chain
  /** Block 0, which holds `writer.open`, is acknowledged before a lane exists. */
  head: Head
  now(): number
  deadlineMs: number
  counters: { inserts: number; blocks: number; entries: number }
  /** The lane is over; entries that may follow move on. Called once. */
  closed(reason: string, head: Head, followers: Pending[]): void
}

export type Lane = {
  append(pending: Pending): void
  /** Entries and blocks that are not acknowledged. */
  waiting(): number
  /** Ends the lane without a last block, for after `writer.close`; who still waits is refused. */
  end(): void
}

/** An entry that may follow waits this long for one that must be durable, and then shares its block. */
const FOLLOW_LAG_MS = 40

type Sealed = Link & { pending: Pending }

/**
 * One writer's way into the table. Entries get their place in the chain at once and queue while an insert is in flight; the next
 * insert takes all that waited as one block. INVARIANT: one insert in flight; a lane whose insert has no known outcome by the
 * deadline never writes again, so at most one whole block can come after its head.
 */
export function createLane(deps: LaneDeps): Lane {
  const { chain, table, now, deadlineMs, counters, closed } = deps
  let { head } = deps
  let queue: Sealed[] = []
  let flying: Sealed[] = []
  let soon: NodeJS.Immediate | undefined
  let later: NodeJS.Timeout | undefined
  let over = false

  const lane: Lane = {
    append(pending) {
      queue.push({ ...chain.append(pending.text), pending })
      if (flying.length === 0) schedule(pending.settle !== undefined)
    },
    waiting: () => queue.length + flying.length,
    end: () => void shut('journal_closed'),
  }
  return lane

  /** The next turn of the event loop, so that requests of this turn share the block. INVARIANT: not while an insert is in flight. */
  function schedule(urgent: boolean): void {
    if (urgent) soon ??= setImmediate(flush)
    else later ??= setTimeout(flush, FOLLOW_LAG_MS)
  }

  function unschedule(): void {
    clearImmediate(soon)
    clearTimeout(later)
    soon = undefined
    later = undefined
  }

  function flush(): void {
    unschedule()
    void write(take())
  }

  function take(): Sealed[] {
    let size = 0
    let count = 0
    for (const link of queue) {
      size += sizeOf(link)
      if (size > MAX_BLOCK_CHARACTERS) break
      count++
    }
    const taken = queue.slice(0, count)
    queue = queue.slice(count)
    return taken
  }

  async function write(links: Sealed[]): Promise<void> {
    flying = links
    const hour = latest(head.hour, hourOf(now()))
    const row = packBlock({ wid: chain.wid, hour, block: head.block + 1 }, links)
    const oldest = [...links, ...queue].find(({ pending }) => pending.settle)?.pending.since ?? performance.now()
    let fault = 'deadline_passed'
    const counted = () => {
      counters.inserts++
    }
    const failed = (reason: string) => {
      fault = reason
    }
    const outcome = await insertBlock({ table, row, until: oldest + deadlineMs, counted, failed })
    if (over) return
    if (outcome !== 'written') return abandon(outcome === 'taken' ? 'key_taken' : fault)
    flying = []
    head = { wid: chain.wid, block: head.block + 1, mac: String(row['mac']), hour }
    counters.blocks++
    counters.entries += links.length
    acknowledge(links, row)
    if (queue.length > 0) schedule(queue.some(({ pending }) => pending.settle))
  }

  function abandon(reason: string): void {
    closed(reason, head, shut(reason))
  }

  /** Ends the waits of requests and gives the followers that are left. */
  function shut(reason: string): Pending[] {
    const left = [...flying, ...queue].map(({ pending }) => pending)
    over = true
    unschedule()
    chain.forget()
    queue = []
    flying = []
    for (const pending of left) if (pending.settle) settle(pending, unavailable(reason))
    return left.filter((pending) => !pending.settle)
  }

  function acknowledge(links: readonly Sealed[], row: { partitionKey: string; rowKey: string }): void {
    const { partitionKey, rowKey } = row
    for (const { pending, seq, mac } of links) {
      const receipt = { wid: chain.wid, seq, macPrefix: mac.slice(0, 16) }
      settle(pending, { receipt, partitionKey, rowKey, mac })
    }
  }
}

/** A clock that is set back must not put a block before an earlier one. */
const latest = (one: string, other: string) => (one > other ? one : other)
