import type { Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import { takeLease } from '../lease.ts'
import type { Deliveries } from './deliveries.ts'
import type { Counts } from './line.ts'
import type { Outbox } from './outbox.ts'
import { LONGEST_WAIT_MS } from './retry.ts'

type Deps = {
  leases: Table
  now: () => number
  outbox: Outbox
  deliveries: Deliveries
  /** Reads the set in force again: a subscriber may have lost what it may hear of. */
  refreshPolicy: () => Promise<void>
  takeOpenItems: (guard: () => Promise<void>) => Promise<number>
  fanOut: (guard: () => Promise<void>) => Promise<number>
  endExpired: () => Promise<number>
  goThrough: (turn: { due: Awaited<ReturnType<Deliveries['all']>>; over: () => Promise<boolean> }) => Promise<Counts>
}

export type Ticked = { busy: true } | ({ open: number; events: number; waiting: number } & Partial<Counts>)

const LEASE_MS = 60_000
/** A timer's run may take four minutes. */
const TICK_MS = 240_000
const CALL = { deadlineMs: 5_000 }

const lost = () => new GatewayError('conflict', 'events_lease_lost')

/** Tells what is to be told, by one instance at a time. What is too early waits; the rest of what time did not allow too. */
export async function tick(deps: Deps): Promise<Ticked> {
  const { leases, now, deliveries, outbox } = deps
  const lease = await takeLease(leases, { name: 'events', lifeMs: LEASE_MS, now, minFence: 0, lost, ...CALL })
  if (!lease) return { busy: true }
  const until = performance.now() + TICK_MS
  let renewing: Promise<void> | undefined
  let renewedAt = now()
  const guard = async () => {
    if (Math.abs(now() - renewedAt) > LEASE_MS / 3) {
      renewing ??= lease.renew().finally(() => {
        renewing = undefined
      })
      await renewing
      renewedAt = now()
    }
  }
  try {
    await deps.refreshPolicy()
    const failures: unknown[] = []
    /** What fails keeps nothing else from being done, and is thrown at the end. */
    const attempt = async (act: () => Promise<number>) => {
      await guard()
      return act().catch((error: unknown) => {
        failures.push(error)
        return 0
      })
    }
    const open = await attempt(() => deps.takeOpenItems(guard))
    const events = await attempt(() => deps.fanOut(guard))
    await attempt(deps.endExpired)
    const waiting = await deliveries.all()
    const due = await tellable(
      outbox,
      waiting.filter((one) => isDue(one, now())),
    )
    const over = async () => {
      await guard()
      return performance.now() >= until
    }
    const counts = await deps.goThrough({ due, over })
    if (failures.length > 0) throw failures[0]
    const some = Object.entries(counts).filter(([, count]) => count > 0)
    return { open, events, waiting: waiting.length, ...Object.fromEntries(some) }
  } finally {
    await lease.release().catch(() => undefined)
  }
}

/** No wait is planned for longer than that: one that seems longer was written by a clock far off, and would last as long. */
const isDue = ({ notBefore }: { notBefore: number }, now: number) =>
  notBefore <= now || notBefore > now + LONGEST_WAIT_MS + 60_000

/** INVARIANT: an event whose fan-out is not over is not delivered: the fan-out would put it in line once more. */
async function tellable<D extends { key: string }>(outbox: Outbox, due: readonly D[]): Promise<D[]> {
  const waits = new Map<string, boolean>()
  for (const { key } of due) if (!waits.has(key)) waits.set(key, await outbox.isWaiting(key))
  return due.filter(({ key }) => !waits.get(key))
}
