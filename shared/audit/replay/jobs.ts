import type { StoredRow, Table } from '../../azure/table.ts'
import { StorageError } from '../../azure/table.ts'
import { GatewayError } from '../../errors.ts'
import type { Snapshot } from '../../policy/snapshot.ts'
import { orUnavailable } from '../../storage-unavailable.ts'
import type { Span } from '../decided-entries.ts'
import {
  ALIVE_MS,
  isStale,
  type JobRow,
  jobRow,
  REPLAYS_PARTITION,
  type ReplayJob,
  readJob,
  timeOf,
} from './job-row.ts'
import { type Replay, replay } from './replay.ts'

export type ReplayWish = { id: string; by: string; span: Span; snapshot: Snapshot }

export type ReplayJobs = {
  /** Begins it in the background of this instance; the same id again is the same replay. Throws `rate_limited` or `storage_unavailable`. */
  begin(wish: ReplayWish): Promise<void>
  /** From whatever instance; undefined when there is none, or none any more. Throws `storage_unavailable`. */
  read(id: string): Promise<ReplayJob | undefined>
  /** Ends what runs here. */
  close(): Promise<void>
}

type Deps = {
  audit: Table
  jobs: Table
  now: () => number
  report: (event: string, detail: Record<string, unknown>) => void
}

const KEPT_MS = 24 * 3_600_000
const MAX_KEPT = 100
/** They take turns with the requests of the same process. */
const MAX_RUNNING = 4
const MAX_RUN_MS = 10 * 60_000
const CALL = { deadlineMs: 5_000 }

/**
 * Replays in the background (docs/adr/0008). The row is the job: every instance can tell of it, the one that runs it says every
 * few seconds that it still does, and what fell silent is told as interrupted. Four at a time on an instance, a hundred kept.
 */
export function createReplayJobs({ audit, jobs, now, report }: Deps): ReplayJobs {
  const running = new Set<Promise<void>>()
  let closed = false

  return {
    async begin(wish) {
      await orUnavailable('replay', async () => {
        const kept = (await forgetReplays(jobs, now())).left
        const existing = await jobs.get(REPLAYS_PARTITION, wish.id, CALL)
        if (existing && !isStale(existing, now())) return
        if (running.size >= MAX_RUNNING || closed) throw busy('as many replays as may run on this instance')
        if (kept >= MAX_KEPT)
          throw busy('a hundred replays of the last day are kept; wait until the oldest is forgotten')
        const row: JobRow = { id: wish.id, by: wish.by, state: 'running', startedAt: now(), aliveAt: now(), entries: 0 }
        const etag = await take(row, existing)
        if (etag === undefined) return
        const begun = run(wish, row, etag).finally(() => running.delete(begun))
        running.add(begun)
      })
    },
    read: (id) =>
      orUnavailable('replay', async () => {
        const row = await jobs.get(REPLAYS_PARTITION, id, CALL)
        return row && readJob(row, now())
      }),
    async close() {
      closed = true
      await Promise.all(running)
    },
  }

  async function take(row: JobRow, existing: StoredRow | undefined): Promise<string | undefined> {
    if (existing) {
      const replaced = await jobs.replace(jobRow(row), existing.etag, CALL)
      return replaced === 'changed' ? undefined : replaced.etag
    }
    const inserted = await jobs.insert(jobRow(row), CALL)
    return inserted === 'exists' ? undefined : (await jobs.get(REPLAYS_PARTITION, row.id, CALL))?.etag
  }

  /** Never rejects: nobody waits for it. */
  async function run({ snapshot, span }: ReplayWish, row: JobRow, first: string): Promise<void> {
    let etag: string | undefined = first
    let said = now()
    const say = async (more: Partial<JobRow>) => {
      if (etag === undefined) return
      const said = await jobs.replace(jobRow({ ...row, aliveAt: now(), ...more }), etag, CALL)
      etag = said === 'changed' ? undefined : said.etag
    }
    const goOn = async (entries: number) => {
      // Requests come first.
      await new Promise((turn) => setImmediate(turn))
      if (now() - said >= ALIVE_MS / 4) {
        said = now()
        await say({ entries })
      }
      return etag !== undefined && !closed && now() - row.startedAt < MAX_RUN_MS
    }
    try {
      const result: Replay = await replay({ table: audit, snapshot, span, goOn })
      await say({ state: 'done', entries: result.entries, result })
    } catch (error) {
      const reason = error instanceof StorageError ? `storage_${error.reason}` : 'unexpected_error'
      report('replay.failed', { id: row.id, reason })
      await say({ state: 'failed', reason }).catch(() => undefined)
    }
  }
}

/** Removes what is older than a day. Throws StorageError. */
export async function forgetReplays(jobs: Table, now: number): Promise<{ removed: number; left: number }> {
  const count = { removed: 0, left: 0 }
  for await (const row of jobs.list({ partitionKey: REPLAYS_PARTITION, select: ['startedAt'] }, CALL)) {
    if (now - timeOf(row, 'startedAt') < KEPT_MS) count.left += 1
    else if ((await jobs.remove(row.partitionKey, row.rowKey, row.etag, CALL)) === 'removed') count.removed += 1
  }
  return count
}

const busy = (detail: string) => new GatewayError('rate_limited', 'replay_busy', { detail, retryAfterSeconds: 30 })
