import type { Use } from '../audit/last-use/uses.ts'
import type { RotationDocument } from '../policy/documents/rotation.ts'
import { ms } from './schedule.ts'

export type Reader = {
  principal: string
  /** RFC 3339. */
  lastRead: string
  reads: number
  /** Mean time between its reads, seconds; how old its copy usually gets. */
  everySeconds?: number
  /** Whether the version it read last is the current one. */
  upToDate: boolean
  risk: 'none' | 'reads_too_seldom' | 'holds_an_old_version' | 'seen_once'
}

export type Impact = {
  readers: Reader[] /** Principal ids that a rotation would probably break. */
  willBreak: string[]
}

/**
 * Who reads the secret, how often, how stale its copy may be, and whom a rotation now would break: whoever reads more seldom than
 * the replaced credential lives on, or is known by a single read alone. Out of the index of last uses; pure.
 */
export function impactOf(rotation: RotationDocument, uses: readonly Use[], current: string | undefined): Impact {
  const byPrincipal = Map.groupBy(uses, ({ principal }) => principal)
  const readers = [...byPrincipal].map(([principal, own]) => readerOf(rotation, { principal, own, current }))
  readers.sort((one, other) => (one.principal < other.principal ? -1 : 1))
  return { readers, willBreak: readers.filter(({ risk }) => risk !== 'none').map(({ principal }) => principal) }
}

type Own = { principal: string; own: Use[]; current: string | undefined }

function readerOf({ retire }: RotationDocument, { principal, own, current }: Own): Reader {
  const latest = own.reduce((one, other) => (other.lastRead > one.lastRead ? other : one))
  const reads = own.reduce((sum, use) => sum + use.reads, 0)
  const span = latest.lastRead - Math.min(...own.map(({ firstRead }) => firstRead))
  const everyMs = reads > 1 ? span / (reads - 1) : undefined
  const upToDate = current === undefined || latest.version === current
  const seldom = everyMs !== undefined && everyMs > ms(retire.deadline)
  const risk = !upToDate ? 'holds_an_old_version' : seldom ? 'reads_too_seldom' : reads === 1 ? 'seen_once' : 'none'
  return {
    principal,
    lastRead: new Date(latest.lastRead).toISOString(),
    reads,
    ...(everyMs !== undefined && { everySeconds: Math.round(everyMs / 1_000) }),
    upToDate,
    risk,
  }
}
