import type { Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import { takeLease } from '../lease.ts'
import { type Anomaly, anomaliesOf } from './anomalies.ts'
import { iso } from './facts.ts'
import { type GatherDeps, gather } from './gather.ts'
import { reportsOf } from './reports.ts'
import type { Report, ReportName } from './section.ts'
import { createReportStore } from './store.ts'

export type ReviewDeps = GatherDeps & {
  /** Table `reports`. */
  reports: Table
  leases: Table
  /** Delivers to subscribers; at least once, the same `id` for the same thing. */
  emit(event: ReviewEvent): Promise<void>
}

export type ReviewEvent = {
  type: 'audit.anomaly' | 'review.ready'
  id: string
  detail: Readonly<Record<string, string | number>>
}

export type Review = {
  /** Looks at everything, stores the reports and tells of them. For the timer and for who wants it now. */
  run(): Promise<Record<string, number>>
  /** The newest report; makes all of them when there is none yet. Throws `storage_unavailable`, `in_progress`. */
  report(name: ReportName): Promise<Report>
}

const LEASE_MS = 10 * 60_000
const CALL = { deadlineMs: 10_000 }
/** More in one day is one incident: the report has them all. */
const MAX_TOLD = 100
const TOLD = 'told'
const TOLD_MS = 3 * 86_400_000

/** The access review. It reads names and metadata, never a value, and changes nothing but its own reports. */
export function createReview(deps: ReviewDeps): Review {
  const { now, leases, emit } = deps
  const store = createReportStore(deps.reports)

  async function run(): Promise<Record<string, number>> {
    const lost = () => new GatewayError('in_progress', 'review_lease_lost', { retryAfterSeconds: 30 })
    const options = { name: 'review', lifeMs: LEASE_MS, now, minFence: 0, deadlineMs: CALL.deadlineMs, lost }
    const lease = await takeLease(leases, options)
    // Another instance is at it.
    if (!lease) return { reports: 0 }
    try {
      const facts = await gather(deps)
      const reports = reportsOf(facts)
      await lease.renew()
      for (const report of reports) await store.write(report)
      const anomalies = anomaliesOf(facts)
      const told = await tellNew(anomalies.slice(-MAX_TOLD))
      const counts = countsOf(reports)
      await emit({
        type: 'review.ready',
        id: `review-${facts.now}`,
        detail: { generatedAt: iso(facts.now), ...counts },
      })
      return { reports: reports.length, anomalies: anomalies.length, told, ...counts }
    } finally {
      await lease.release().catch(() => undefined)
    }
  }

  /** Who is killed between telling and noting tells again, under the same id. */
  async function tellNew(anomalies: readonly Anomaly[]): Promise<number> {
    let told = 0
    for (const { id, what, principal, at, detail } of anomalies) {
      if (await deps.reports.get(TOLD, id, CALL)) continue
      await emit({ type: 'audit.anomaly', id, detail: { what, principal, at: iso(at), detail } })
      await deps.reports.insert(
        { partitionKey: TOLD, rowKey: id, expires: new Date(now() + TOLD_MS).toISOString() },
        CALL,
      )
      told += 1
    }
    return told
  }

  return {
    run,
    async report(name) {
      const known = await store.read(name)
      if (known) return known
      await run()
      const made = await store.read(name)
      if (made) return made
      const detail = 'the first review is being made'
      throw new GatewayError('in_progress', 'review_running', { detail, retryAfterSeconds: 30 })
    },
  }
}

/** Findings by section: what the event says. */
const countsOf = (reports: readonly Report[]) =>
  Object.fromEntries(
    reports.flatMap(({ sections }) => sections).flatMap(({ id, total }) => (id === 'secret-ages' ? [] : [[id, total]])),
  ) as Record<string, number>
