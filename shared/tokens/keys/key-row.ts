import type { JWK } from 'jose'
import type { Row, StoredRow } from '../../azure/table.ts'
import {
  KEY_STATES,
  type KeyState,
  SIGNING_ALGORITHMS,
  type SigningAlgorithm,
  SYMMETRIC_KEYS,
  type SymmetricKey,
} from './key-names.ts'

/** All of table `keys` is one partition, so that a key's row and the fence are one transaction. */
export const KEYS_PARTITION = 'keys'
export const FENCE_ROW = '_fence'

/** A signing key as table `keys` tells it: a claim about the vault, trusted only after it was compared with it. */
export type SigningRow = {
  alg: SigningAlgorithm
  kid: string
  jwk: unknown
  secretVersion: string
  state: KeyState
  /** RFC 3339. */
  createdAt: string
  /** RFC 3339: when it came into its state. */
  since: string
  /** As it stands in the table. */
  stored: StoredRow
}

export type SymmetricRow = { name: SymmetricKey; secretVersion: string }

/** What the table holds, as far as it has the documented form; `malformed` names the row keys that do not. */
export type KeyRows = {
  fence: number
  signing: SigningRow[]
  symmetric: SymmetricRow[]
  /** Kinds that have a row at all, well-formed or not: these are never made a second time. */
  present: ReadonlySet<SigningAlgorithm | SymmetricKey>
  malformed: string[]
}

/** Written once in a key's life; only its state changes afterwards. The first keys of all are active at once. */
export type NewKey = { secretVersion: string; createdAt: string; fence: number; state?: 'prepared' } & (
  | { alg: SigningAlgorithm; kid: string; publicJwk: JWK }
  | { name: SymmetricKey }
)

export function newRow(key: NewKey): Row {
  const { secretVersion, createdAt, fence, state = 'active' } = key
  const common = { partitionKey: KEYS_PARTITION, secretVersion, createdAt, fence }
  if ('name' in key) return { ...common, rowKey: `symmetric|${key.name}` }
  const { alg, kid, publicJwk } = key
  return { ...common, rowKey: `signing|${alg}|${kid}`, jwk: JSON.stringify(publicJwk), state, since: createdAt }
}

/** The row of a key that goes into its next state. */
export const movedRow = ({ stored }: SigningRow, to: { state: KeyState; since: string; fence: number }): Row => {
  const { etag: _etag, ...row } = stored
  return { ...row, partitionKey: KEYS_PARTITION, ...to }
}

/** Sorts the rows of the table; never throws on what somebody else may have written there. */
export function parseRows(stored: readonly StoredRow[]): KeyRows {
  const rows = { fence: 0, signing: [] as SigningRow[], symmetric: [] as SymmetricRow[], malformed: [] as string[] }
  const present = new Set<SigningAlgorithm | SymmetricKey>()
  for (const row of stored) {
    const [kind, name, kid] = row.rowKey.split('|')
    if (row.rowKey === FENCE_ROW) {
      rows.fence = fenceOf(row)
      continue
    }
    const alg = SIGNING_ALGORITHMS.find((each) => kind === 'signing' && each === name)
    const symmetric = SYMMETRIC_KEYS.find((each) => kind === 'symmetric' && each === name)
    const known = alg ?? symmetric
    if (known) present.add(known)
    const secretVersion = row['secretVersion']
    const signing = alg && kid ? signingRow(row, alg, kid) : undefined
    if (signing) rows.signing.push(signing)
    else if (symmetric && typeof secretVersion === 'string') rows.symmetric.push({ name: symmetric, secretVersion })
    else rows.malformed.push(row.rowKey)
  }
  return { ...rows, present }
}

export const fenceOf = (row: StoredRow | undefined): number => {
  const fence = row?.['fence']
  return typeof fence === 'number' && Number.isSafeInteger(fence) ? fence : 0
}

function signingRow(row: StoredRow, alg: SigningAlgorithm, kid: string): SigningRow | undefined {
  const { secretVersion, createdAt, jwk, since = createdAt } = row as Record<string, unknown>
  const state = KEY_STATES.find((known) => known === row['state'])
  if (!state || typeof secretVersion !== 'string' || typeof createdAt !== 'string') return undefined
  if (typeof jwk !== 'string' || typeof since !== 'string') return undefined
  try {
    return { alg, kid, jwk: JSON.parse(jwk), secretVersion, state, createdAt, since, stored: row }
  } catch {
    return undefined
  }
}
