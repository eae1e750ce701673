import { randomUUID } from 'node:crypto'
import type { Change, Table } from '../../azure/table.ts'
import { GatewayError } from '../../errors.ts'
import { changeRows } from './change-rows.ts'
import { type Claim, takeClaim } from './claim.ts'
import { listVersions } from './list-versions.ts'
import { CALL_DEADLINE_MS, fulfils, type Revision, readRevision, revisionRow } from './revision.ts'
import { settled, undo } from './undo.ts'
import { inForceAt, type Member, revisionKey, setHash, type Version, versionRow } from './version-row.ts'

/** Tries under one claim when a retried write of our own looks like somebody else's. */
const MAX_ATTEMPTS = 3

/** What stands in the table. */
export type Current = {
  published: Revision | undefined
  /** 0 when nothing was ever applied. */
  revision: number
  /** Every version of every revision, without what a killed apply left. */
  versions: readonly Version[]
  inForce: readonly Version[]
}

export type PublishDeps = {
  table: Table
  now: () => number
  /** Name under which versions that go are ended. */
  manager: string
  /**
   * The whole set that is to be in force, from what is; throws to refuse. Asked before the claim is taken, so that a refusal
   * keeps nobody else waiting, and under it: only the last answer counts.
   */
  next: (current: Current) => readonly Member[] | Promise<readonly Member[]>
}

/** `inserted`: documents new or changed; `removed`: documents no longer in force. Nothing to do keeps the revision. */
export type Published = { revision: number; inserted: number; removed: number }

/**
 * Publishes a set, all or nothing, whenever it is killed. Throws what `next` throws, GatewayError `conflict`
 * (`apply_in_progress`, `claim_lost`, `rows_changed`), or StorageError.
 */
export async function publishSet({ table, now, manager, next }: PublishDeps): Promise<Published> {
  const before = await readRevision(table)
  const listed = await listVersions(table)
  const wanted = await next(currentOf(listed, before))
  if (before && fulfilled(listed, before, wanted)) return unchanged(before)
  const claim = await takeClaim(table, now, before?.fence ?? 0)
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const applied = await publish({ table, manager, next, claim })
      if (applied !== 'conflict') return applied
    }
    throw new GatewayError('conflict', 'rows_changed', {
      detail: 'somebody else changes the rows of the policies table',
    })
  } finally {
    await claim.release()
  }
}

/** What stands in the table, for who only looks. Throws StorageError or `policy_unavailable`. */
export async function readCurrent(table: Table): Promise<Current> {
  const published = await readRevision(table)
  return currentOf(await listVersions(table), published)
}

function currentOf(listed: readonly Version[], published: Revision | undefined): Current {
  const revision = published?.revision ?? 0
  const versions = settled(listed, published)
  return { published, revision, versions, inForce: inForceAt(versions, revision) }
}

type Claimed = Pick<PublishDeps, 'table' | 'manager' | 'next'> & { claim: Claim }

async function publish({ table, manager, next, claim }: Claimed): Promise<Published | 'conflict'> {
  const published = await readRevision(table)
  const repairs = undo(await listVersions(table), published)
  if ((await changeRows(table, repairs, claim)) === 'conflict') return 'conflict'
  const listed = await listVersions(table)
  const wanted = await next(currentOf(listed, published))
  if (published && fulfilled(listed, published, wanted)) return unchanged(published)

  const revision = (published?.revision ?? 0) + 1
  const at = { revision, fence: claim.fence, manager }
  const { inserts, ends, removed } = difference(inForceAt(listed, revision - 1), wanted, at)
  if ((await changeRows(table, inserts, claim)) === 'conflict') return 'conflict'
  if ((await changeRows(table, ends, claim)) === 'conflict') return 'conflict'

  const to = {
    revision,
    count: wanted.length,
    hash: setHash(wanted.map(({ text }) => text)),
    fence: claim.fence,
    lineage: published?.lineage ?? randomUUID(),
  }
  // INVARIANT: the revision moves only over rows that were read back and are exactly what it promises.
  if (!fulfils(inForceAt(await listVersions(table), revision), to)) return 'conflict'
  await claim.hold('always')
  return (await swap(table, published, to)) ? { revision, inserted: inserts.length, removed } : 'conflict'
}

/** A swap whose answer was lost may have happened: the fence in the row tells. */
async function swap(table: Table, from: Revision | undefined, to: Omit<Revision, 'etag'>): Promise<boolean> {
  const options = { deadlineMs: CALL_DEADLINE_MS }
  const write = from ? table.replace(revisionRow(to), from.etag, options) : table.insert(revisionRow(to), options)
  const outcome = await write.catch(() => 'changed' as const)
  if (outcome !== 'changed' && outcome !== 'exists') return true
  const now = await readRevision(table)
  return now?.fence === to.fence && now.revision === to.revision
}

function fulfilled(versions: readonly Version[], published: Revision, wanted: readonly Member[]): boolean {
  const hash = setHash(wanted.map(({ text }) => text))
  return hash === published.hash && fulfils(inForceAt(versions, published.revision), published)
}

const unchanged = ({ revision }: Revision): Published => ({ revision, inserted: 0, removed: 0 })

type At = { revision: number; fence: number; manager: string }

function difference(current: readonly Version[], wanted: readonly Member[], at: At) {
  const kept = new Map(current.map((version) => [`${version.kind}/${version.id}`, version]))
  const inserts: Change[] = []
  const ends: Version[] = []
  for (const one of wanted) {
    const key = `${one.kind}/${one.id}`
    const before = kept.get(key)
    kept.delete(key)
    if (before?.text === one.text) continue
    inserts.push({ act: 'insert', row: versionRow(one, at.revision, at.fence) })
    if (before) ends.push(before)
  }
  const removed = kept.size
  return { inserts, removed, ends: [...ends, ...kept.values()].map((version) => ended(version, at)) }
}

function ended({ row }: Version, { revision, fence, manager }: At): Change {
  const { etag, ...rest } = row
  return { act: 'replace', row: { ...rest, until: revisionKey(revision), endFence: fence, endedBy: manager }, etag }
}
