import { z } from 'zod'
import type { Table } from '../../azure/table.ts'
import { GatewayError } from '../../errors.ts'
import { type Lease, takeLease } from '../../lease.ts'
import type { Journal } from '../entry.ts'
import { entriesSince, forgetOld, type Positions } from '../last-use/walk.ts'
import { countAct, type OpenActs, overdue, worthKeeping } from './open-acts.ts'

export type ReconcileDeps = {
  audit: Table
  leases: Table
  journal: Pick<Journal, 'record'>
  now: () => number
  bounds: { rows: number; over(): boolean }
}

/** An act that takes longer without a result is told as unknown; a result that comes later is welcome. */
const RESULT_DUE_MS = 60_000
/** Much longer than a run's walk, or the writing of one batch, may last. */
const LEASE_MS = 5 * 60_000
const AT_ONCE = 100
const MOST_RESULTS = 2_000
const CALL = { deadlineMs: 10_000 }

/**
 * Gives every act whose result nobody wrote for 60 s the result `unknown`. INVARIANT: only who holds the lease writes, and only
 * after everything in the journal was looked at; what it wrote stands there before the lease goes, so the next holder meets it
 * although this one was killed before it noted anything. Gives how many were written. Throws StorageError, `journal_unavailable`.
 */
export async function reconcile(deps: ReconcileDeps): Promise<number> {
  const lost = () => new GatewayError('conflict', 'lease_lost')
  const options = { name: 'reconcile', lifeMs: LEASE_MS, now: deps.now, minFence: 0, deadlineMs: CALL.deadlineMs, lost }
  const lease = await takeLease(deps.leases, options)
  // Another instance does it.
  if (!lease) return 0
  try {
    return await reconcileHeld(deps, lease)
  } finally {
    await lease.release().catch(() => undefined)
  }
}

async function reconcileHeld({ audit, leases, journal, now, bounds }: ReconcileDeps, lease: Lease): Promise<number> {
  const began = now()
  const { positions, acts, write } = await readState(leases)
  let looked = 0
  const enough = () => looked >= bounds.rows || bounds.over()
  for await (const entry of entriesSince(audit, { positions, now: began, enough })) {
    looked += 1
    countAct(acts, entry)
  }
  // Before everything was looked at, a result may still be ahead.
  const due = enough() ? [] : overdue(acts, began - RESULT_DUE_MS).slice(0, MOST_RESULTS)
  for (let at = 0; at < due.length; at += AT_ONCE) {
    await lease.renew()
    await Promise.all(due.slice(at, at + AT_ONCE).flatMap(({ txn, open }) => unknowns(txn, open)))
  }
  // What was written just now is met, and taken off, by the next walk.
  if (looked > 0 || due.length > 0) await write(forgetOld(positions, began), worthKeeping(acts, began))
  return due.reduce((sum, { open }) => sum + open, 0)

  function unknowns(txn: string, open: number) {
    const time = new Date(now()).toISOString()
    return Array.from({ length: open }, () =>
      journal.record({ kind: 'result', txn, time, outcome: 'unknown', reason: 'no_result' }),
    )
  }
}

const State = z.strictObject({
  positions: z.record(z.string(), z.int()),
  acts: z.array(z.tuple([z.string(), z.int(), z.number()])),
})

const KEY = { partitionKey: 'sweep', rowKey: 'reconcile' } as const
/** Azure counts two bytes a character and takes 64 KiB a property. */
const PART = 30_000

/** Row `sweep` / `reconcile` of table `leases`; when it says nothing usable, the journal is read from its beginning. */
async function readState(leases: Table) {
  const row = await leases.get(KEY.partitionKey, KEY.rowKey, CALL)
  let text = ''
  for (let at = 0; typeof row?.[`state${at}`] === 'string'; at++) text += row[`state${at}`]
  const { positions, acts } = parse(text)
  const write = async (next: Positions, kept: OpenActs) => {
    const said = JSON.stringify({
      positions: next,
      acts: [...kept].map(([txn, { open, at }]) => [txn, open, at]),
    })
    const columns: Record<string, string> = {}
    for (let at = 0; at * PART < said.length; at++) columns[`state${at}`] = said.slice(at * PART, (at + 1) * PART)
    await (row ? leases.replace({ ...KEY, ...columns }, row.etag, CALL) : leases.insert({ ...KEY, ...columns }, CALL))
  }
  return { positions, acts, write }
}

function parse(text: string): { positions: Positions; acts: OpenActs } {
  try {
    const { positions, acts } = State.parse(JSON.parse(text))
    return { positions, acts: new Map(acts.map(([txn, open, at]) => [txn, { open, at }])) }
  } catch {
    return { positions: {}, acts: new Map() }
  }
}
