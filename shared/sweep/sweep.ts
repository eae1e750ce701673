import { type ReconcileDeps, reconcile } from '../audit/reconcile/reconcile.ts'
import { forgetReplays } from '../audit/replay/jobs.ts'
import type { Table } from '../azure/table.ts'
import { forgetVersions } from '../policy/storage/forget-versions.ts'
import { createBounds } from './bounds.ts'
import { endedHandles } from './ended-handles.ts'
import { endedActivity, endedEvents, endedOnce, endedQuotas, endedTold } from './ended-once.ts'
import { type EndedRows, removeEnded } from './ended-rows.ts'

export type SweepDeps = {
  tables: Record<
    'audit' | 'handles' | 'lastUse' | 'leases' | 'once' | 'policies' | 'quotas' | 'reports' | 'subscriptions',
    Table
  >
  expireStale: () => Promise<{ expired: number }>
  journal: ReconcileDeps['journal']
  now: () => number
  /** What one of its works may cost in a run; for tests. */
  bounds?: { rows: number; ms: number }
}

export type Swept = Record<string, number>

/** Six works of at most 30 s each: a run ends before the next one begins. */
const BOUNDS = { rows: 50_000, ms: 30_000 }

/**
 * Tidies what has ended and says of acts without a result that nobody knows what became of them. Nothing rests on it: what has
 * ended is refused whether this ran or not. One work that fails keeps no other from being done; the first failure is thrown
 * at the end. Safe late, twice and on two instances.
 */
export async function sweep({ tables, expireStale, journal, now, bounds = BOUNDS }: SweepDeps): Promise<Swept> {
  const { audit, leases, once, quotas, handles, policies } = tables
  const remove = (rows: EndedRows) => removeEnded(rows, { leases, bounds: createBounds(bounds) })
  const works: [string, () => Promise<number>][] = [
    ['expiredGrants', async () => (await expireStale()).expired],
    ['unknownResults', () => reconcile({ audit, leases, journal, now, bounds: createBounds(bounds) })],
    ['once', () => remove(endedOnce(once, now()))],
    ['handles', () => remove(endedHandles(handles, now()))],
    ['quotas', () => remove(endedQuotas(quotas, now()))],
    ['activity', () => remove(endedActivity(tables.lastUse, now()))],
    ['told', () => remove(endedTold(tables.reports, now()))],
    ['events', () => remove(endedEvents(tables.subscriptions, now()))],
    ['policyVersions', () => forgetVersions({ policies, leases, now: now(), most: bounds.rows })],
    ['replays', async () => (await forgetReplays(leases, now())).removed],
  ]
  const swept: Swept = {}
  const failures: unknown[] = []
  for (const [name, work] of works) {
    try {
      swept[name] = await work()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return swept
}
