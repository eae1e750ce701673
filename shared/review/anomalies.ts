import { hash } from 'node:crypto'
import type { Activity } from '../audit/last-use/activity.ts'
import { DAY_MS, type Facts, iso } from './facts.ts'
import { type Section, section } from './section.ts'

/** `id` is the same however often it is found. */
export type Anomaly = {
  id: string
  what: 'first_read' | 'burst' | 'denials'
  principal: string
  /** Milliseconds. */
  at: number
  detail: string
  resource?: string
}

const BASELINE_DAYS = 14
const BURST_FACTOR = 5
const DENIALS = 20
const WINDOW_MINUTES = 5

/** What happened in the last day that never did before. */
export function anomaliesOf(facts: Pick<Facts, 'uses' | 'activity' | 'now'>): Anomaly[] {
  return [...firstReads(facts), ...bursts(facts), ...denials(facts)].sort(
    (one, other) => one.at - other.at || (one.id < other.id ? -1 : 1),
  )
}

/** A principal's first read of a secret that others have read for more than a day. */
function firstReads({ uses, now }: Pick<Facts, 'uses' | 'now'>): Anomaly[] {
  const since = now - DAY_MS
  const first = new Map<string, { resource: string; principal: string; at: number }>()
  const known = new Set<string>()
  for (const { resource, principal, firstRead } of uses) {
    if (firstRead < since) known.add(resource)
    const key = JSON.stringify([resource, principal])
    const before = first.get(key)?.at ?? Number.POSITIVE_INFINITY
    first.set(key, { resource, principal, at: Math.min(before, firstRead) })
  }
  return [...first.values()]
    .filter(({ resource, at }) => at >= since && known.has(resource))
    .map(({ resource, principal, at }) =>
      anomaly({ what: 'first_read', principal, at, detail: `first read of ${resource}`, resource }),
    )
}

/** An hour of the last day with more than five times what the principal's busiest hour of the two weeks before had. */
function bursts({ activity, now }: Pick<Facts, 'activity' | 'now'>): Anomaly[] {
  const since = now - DAY_MS
  return [...Map.groupBy(activity, ({ principal }) => principal)].flatMap(([principal, hours]) => {
    const before = hours.filter(({ hour }) => hour < since && hour >= since - BASELINE_DAYS * DAY_MS)
    const most = Math.max(0, ...before.map(({ reads }) => reads))
    if (most === 0) return []
    return hours
      .filter(({ hour, reads }) => hour >= since && hour <= now && reads > BURST_FACTOR * most)
      .map(({ hour, reads }) =>
        anomaly({ what: 'burst', principal, at: hour, detail: `${reads} reads in an hour, at most ${most} before` }),
      )
  })
}

/** Twenty refusals within five minutes, minutes as the clock has them; one finding an hour. */
function denials({ activity, now }: Pick<Facts, 'activity' | 'now'>): Anomaly[] {
  const found: Anomaly[] = []
  for (const [principal, hours] of Map.groupBy(activity, ({ principal }) => principal)) {
    const minutes = minutesOf(hours.filter(({ hour }) => hour >= now - DAY_MS - 3_600_000))
    let told = Number.NEGATIVE_INFINITY
    for (const [minute] of minutes) {
      let count = 0
      for (let at = minute; at < minute + WINDOW_MINUTES; at += 1) count += minutes.get(at) ?? 0
      const at = minute * 60_000
      if (count < DENIALS || at < now - DAY_MS || at < told + 3_600_000) continue
      told = at
      found.push(
        anomaly({ what: 'denials', principal, at, detail: `${count} refusals within ${WINDOW_MINUTES} minutes` }),
      )
    }
  }
  return found
}

/** Minutes since the epoch → refusals, in order. */
function minutesOf(hours: readonly Activity[]): Map<number, number> {
  const all = hours.flatMap(({ hour, denials }) =>
    [...denials].map(([minute, count]) => [hour / 60_000 + minute, count] as const),
  )
  return new Map(all.sort(([one], [other]) => one - other))
}

function anomaly(found: Omit<Anomaly, 'id'>): Anomaly {
  const { what, principal, at, resource = '' } = found
  // Not the count: it may still grow.
  const hour = Math.floor(at / 3_600_000)
  return { id: hash('sha256', JSON.stringify([what, principal, resource, hour]), 'hex').slice(0, 32), ...found }
}

export function anomalySection(facts: Facts): Section {
  const items = anomaliesOf(facts).map(({ what, principal, at, detail }) => ({ what, principal, at: iso(at), detail }))
  const meaning =
    'of the last day: a first read of a secret that others read before, more than 5 times the busiest hour of 14 days, 20 refusals within 5 minutes'
  return section({ id: 'anomalies', title: 'Anomalies', meaning }, items)
}
