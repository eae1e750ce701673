import type { Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import type { Snapshot } from './snapshot.ts'
import { loadSet, type ParsedTexts } from './storage/load-set.ts'
import { type Revision, readRevision } from './storage/revision.ts'
import { createTrailingFlight } from './storage/trailing-flight.ts'

const READ_DEADLINE_MS = 2_000
/** Applies that pass while a set is being read: read again, since rows of the older revision may be gone. */
const MAX_LOADS = 3

export type PolicyStatus = {
  /** `stale`: the last look at storage failed or brought a set that cannot be accepted; the last good one serves. */
  state: 'ok' | 'stale' | 'no_policy' | 'unavailable'
  revision?: number
  ageSeconds?: number
}

export type PolicyStore = {
  /** The set in force; throws GatewayError `no_policy` or `policy_unavailable` (none yet, or too old). */
  current(): Snapshot
  /** Looks at storage when the last look is older than the poll interval, and waits for it when that is overdue. Never throws. */
  fresh(): Promise<void>
  /** Looks at storage after the call began; throws unless what `current` gives is what is in force. For MUTATE acts (T11). */
  refresh(): Promise<void>
  status(): PolicyStatus
  /** Starts and stops the background poll, which keeps no process alive. */
  start(): void
  stop(): void
}

export type PolicyStoreDeps = {
  table: Table
  now: () => number
  pollSeconds: number
  maxStaleSeconds: number
  /** The gateway's own `iss`. */
  forbiddenIssuer: string
  report: (event: string, detail: Record<string, unknown>) => void
  /** Sees each set that was loaded; must not throw. */
  loaded?: (snapshot: Snapshot) => void
}

type Held = { snapshot: Snapshot; source: Revision; parsed: ParsedTexts }
type Outcome = 'ok' | 'bad_set' | 'no_policy' | 'unreachable' | 'backwards'

/**
 * Keeps the policy set of the table's revision row. What is wrong with storage never widens anything:
 * no row → `no_policy` at once; unreachable, or a revision older than the one held (a restored backup) → the held set until
 * `maxStaleSeconds`, then nothing; a set that is not what its row promises → the last good set, alarmed, and no MUTATE.
 * A table that was made anew (another lineage) is accepted whatever its revision.
 */
export function createPolicyStore(deps: PolicyStoreDeps): PolicyStore {
  const { table, now, report } = deps
  let held: Held | undefined
  let outcome: Outcome | undefined
  /** When the held set was last known to be what storage offers; when storage was last asked. Milliseconds. */
  let confirmedAt = Number.NEGATIVE_INFINITY
  let lookedAt = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  const tell = createTeller(report)

  const look = createTrailingFlight(async () => {
    const began = now()
    outcome = await lookAtStorage(began).catch((error: unknown) => {
      tell('policy.unreachable', { reason: reasonOf(error) })
      return 'unreachable' as const
    })
    if (outcome === 'ok' || outcome === 'bad_set') confirmedAt = began
    if (outcome === 'no_policy') held = undefined
    lookedAt = now()
  })

  async function lookAtStorage(began: number): Promise<Outcome> {
    for (let load = 1; ; load++) {
      const source = await readRevision(table, READ_DEADLINE_MS)
      if (!source) {
        tell('policy.no_revision', {})
        return 'no_policy'
      }
      if (held?.source.etag === source.etag) return tellOk()
      if (held && source.lineage === held.source.lineage && source.revision < held.source.revision) {
        tell('policy.revision_backwards', { revision: source.revision, held: held.source.revision })
        return 'backwards'
      }
      const known: ParsedTexts = held?.parsed ?? new Map()
      const loaded = await loadSet(table, source, { loadedAt: began, forbiddenIssuer: deps.forbiddenIssuer, known })
      if (loaded.ok) {
        held = { snapshot: loaded.snapshot, parsed: loaded.parsed, source }
        tell('policy.loaded', { revision: source.revision, documents: source.count })
        deps.loaded?.(held.snapshot)
        return 'ok'
      }
      const moved = (await readRevision(table, READ_DEADLINE_MS))?.etag !== source.etag
      if (moved && load < MAX_LOADS) continue
      tell(loaded.event, loaded.detail)
      return 'bad_set'
    }
  }

  function tellOk(): Outcome {
    tell.recovered()
    return 'ok'
  }

  /** By a clock that was set back, too: what lies far ahead was confirmed nobody knows when (T28). */
  const isTooOld = () => Math.abs(now() - confirmedAt) > deps.maxStaleSeconds * 1_000

  function current(): Snapshot {
    if (outcome === 'no_policy') throw new GatewayError('no_policy', 'no_revision', retryAfter())
    if (!held) throw new GatewayError('policy_unavailable', 'policy_never_loaded', retryAfter())
    if (isTooOld()) throw new GatewayError('policy_unavailable', 'policy_too_old', retryAfter())
    return held.snapshot
  }

  const retryAfter = () => ({ retryAfterSeconds: deps.pollSeconds })

  return {
    current,
    async fresh() {
      const age = Math.abs(now() - lookedAt)
      const interval = deps.pollSeconds * 1_000
      if (age < interval) return
      const looking = look.join()
      if (!held || age >= 2 * interval) await looking
    },
    async refresh() {
      await look.afresh()
      if (outcome !== 'ok' && outcome !== 'no_policy')
        throw new GatewayError('policy_unavailable', `policy_${outcome}`, retryAfter())
      current()
    },
    status() {
      if (outcome === 'no_policy') return { state: 'no_policy' }
      if (!held) return { state: 'unavailable' }
      const state = isTooOld() ? 'unavailable' : outcome === 'ok' ? 'ok' : 'stale'
      const ageSeconds = Math.max(0, Math.round((now() - confirmedAt) / 1_000))
      return { state, revision: held.snapshot.revision, ageSeconds }
    },
    start() {
      if (timer) return
      void look.join()
      timer = setInterval(() => void look.join(), deps.pollSeconds * 1_000).unref()
    },
    stop() {
      clearInterval(timer)
      timer = undefined
    },
  }
}

/** The tag of a StorageError or GatewayError; nothing else of an error is kept. */
const reasonOf = (error: unknown) =>
  error instanceof Error && 'reason' in error && typeof error.reason === 'string' ? error.reason : 'unexpected_error'

/** Says the same thing once, not at every poll, and says it again after it was over. */
function createTeller(report: PolicyStoreDeps['report']) {
  let last = ''
  const tell = (event: string, detail: Record<string, unknown>) => {
    const line = JSON.stringify([event, detail])
    if (line !== last) report(event, detail)
    last = line
  }
  return Object.assign(tell, {
    recovered: () => {
      last = ''
    },
  })
}
