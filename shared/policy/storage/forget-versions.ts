import { z } from 'zod'
import type { Table } from '../../azure/table.ts'
import { listVersions } from './list-versions.ts'
import { readRevision } from './revision.ts'
import { IN_FORCE, revisionKey } from './version-row.ts'

/** Versions of so many revisions stay, however old. */
const KEPT_REVISIONS = 100
const KEPT_DAYS = 90
const DAY_MS = 86_400_000
const CALL = { deadlineMs: 10_000 }

export type ForgetVersionsDeps = {
  policies: Table
  leases: Table
  now: number
  /** Removed at most. */
  most: number
}

/**
 * Removes versions that were replaced both 100 revisions and 90 days ago, once a day; rows say no time, so the revision of
 * each day is noted beside. INVARIANT: nobody looks at these: readers and applies want the revision in force, and an undo only
 * touches what begins or ends at it or beyond. Each goes by its ETag. Gives how many went. Throws StorageError.
 */
export async function forgetVersions({ policies, leases, now, most }: ForgetVersionsDeps): Promise<number> {
  const revision = (await readRevision(policies))?.revision
  if (revision === undefined) return 0
  const noted = await readDays(leases)
  const today = Math.floor(now / DAY_MS)
  if (noted.days.some(({ day }) => day === today)) return 0
  // A table that was made anew begins again; a clock that was ahead has noted nothing.
  const past = noted.days.filter((one) => one.day < today && one.revision <= revision)
  const oldEnough = past.filter(({ day }) => day <= today - KEPT_DAYS).at(-1)
  const last = Math.min(oldEnough?.revision ?? 0, revision - KEPT_REVISIONS)
  const removed = last > 0 ? await removeUntil(policies, revisionKey(last), most) : 0
  // Noted at the end: who is killed before is followed by who does it again.
  const days = [...past.filter((one) => one.day >= (oldEnough?.day ?? 0)), { day: today, revision }]
  await noted.write(days)
  return removed
}

async function removeUntil(policies: Table, last: string, most: number): Promise<number> {
  let removed = 0
  for (const { until, row } of await listVersions(policies)) {
    if (until === IN_FORCE || until > last || removed >= most) continue
    if ((await policies.remove(row.partitionKey, row.rowKey, row.etag, CALL)) === 'removed') removed += 1
  }
  return removed
}

const Days = z.array(z.strictObject({ day: z.int(), revision: z.int() })).max(1_000)

type Days = z.infer<typeof Days>

/** Row `sweep` / `policies` of table `leases`; nonsense in it means that nothing is old. */
async function readDays(leases: Table): Promise<{ days: Days; write(days: Days): Promise<void> }> {
  const key = { partitionKey: 'sweep', rowKey: 'policies' }
  const row = await leases.get(key.partitionKey, key.rowKey, CALL)
  const write = async (days: Days) => {
    const next = { ...key, days: JSON.stringify(days) }
    await (row ? leases.replace(next, row.etag, CALL) : leases.insert(next, CALL))
  }
  try {
    return { days: Days.parse(JSON.parse(String(row?.['days'] ?? '[]'))), write }
  } catch {
    return { days: [], write }
  }
}
