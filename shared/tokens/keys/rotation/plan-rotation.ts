import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../key-names.ts'
import { SIGN_STALE_MS } from '../key-ring.ts'
import type { SigningRow } from '../key-row.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** The life of a signing key, in milliseconds. */
export const KEY_LIFE = {
  /** How long one signs. */
  activeMs: 30 * DAY,
  /** Published so long before it signs: verifiers that read our keys once a day know it in time. */
  preparedAheadMs: DAY,
  /** Never less, even when the key before it is lost: our JWKS says `max-age=300`, an instance's own copy is two minutes old at most. */
  preparedMs: 10 * MINUTE,
  /** The longest token lives an hour, and an instance that cannot read the table signs an hour more; ten minutes for clocks. */
  retiringMs: 60 * MINUTE + SIGN_STALE_MS + 10 * MINUTE,
} as const

/**
 * A row, and whether the vault still gives its version: `lost` = disabled or deleted there. `unpublished`: the issuer is a
 * page elsewhere, and the key did not stand on it long enough.
 */
export type RotatableRow = Pick<SigningRow, 'alg' | 'kid' | 'state' | 'createdAt' | 'since'> & {
  lost: boolean
  unpublished?: boolean
}

/** What must be done. `activate` and the retirement of those before it are one write. */
export type RotationStep =
  | { act: 'prepare'; alg: SigningAlgorithm }
  | { act: 'activate'; alg: SigningAlgorithm; kid: string; retire: string[] }
  | { act: 'remove'; alg: SigningAlgorithm; kid: string }

/**
 * What is due of `prepared → active → retiring → removed`, for each algorithm. Pure; the same rows give the same steps
 * however late or often it is asked, and each step done is one that is not planned again.
 */
export function planKeyRotation(rows: readonly RotatableRow[], now: number): RotationStep[] {
  return SIGNING_ALGORITHMS.flatMap((alg) => {
    const own = rows.filter((row) => row.alg === alg)
    // What has no row at all is made by the bootstrap.
    return own.length === 0 ? [] : planAlgorithm(alg, own, now)
  })
}

function planAlgorithm(alg: SigningAlgorithm, rows: readonly RotatableRow[], now: number): RotationStep[] {
  const active = rows.filter(({ state }) => state === 'active')
  const current = newest(active)
  const next = newest(rows.filter(({ state, lost }) => state === 'prepared' && !lost))
  // A key that was withdrawn in the vault signs no more: its time is over, whatever its age.
  const age = current && !current.lost ? ageOf(current, now) : Number.POSITIVE_INFINITY
  const steps: RotationStep[] = []
  // INVARIANT: nothing signs that verifiers cannot have read.
  if (next && !next.unpublished && age >= KEY_LIFE.activeMs && ageOf(next, now) >= KEY_LIFE.preparedMs) {
    steps.push({ act: 'activate', alg, kid: next.kid, retire: active.map(({ kid }) => kid) })
  } else if (!next && age >= KEY_LIFE.activeMs - KEY_LIFE.preparedAheadMs) {
    steps.push({ act: 'prepare', alg })
  }
  const over = rows.filter((row) => isOver(row, next, now))
  return [...steps, ...over.map(({ kid }) => ({ act: 'remove' as const, alg, kid }))]
}

/** One that never signed may go at once. INVARIANT: one that signed stays published until no token of it is valid. */
function isOver(row: RotatableRow, next: RotatableRow | undefined, now: number): boolean {
  if (row.state === 'prepared') return row !== next
  return row.state === 'retiring' && ageOf(row, now) >= KEY_LIFE.retiringMs
}

const ageOf = ({ since }: RotatableRow, now: number) => now - Date.parse(since)

const newest = (rows: readonly RotatableRow[]): RotatableRow | undefined =>
  rows.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))[0]
