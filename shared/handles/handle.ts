import type { Row, StoredRow } from '../azure/table.ts'
import { freezeClaims } from '../identity/claims.ts'
import type { Principal } from '../identity/principal.ts'
import { isRefused } from '../identity/refusal.ts'

/**
 * A one-time handle: a promise to hand a secret's value out once. It holds no value, and no version unless the maker asked
 * for one: what is delivered is what is current when it is redeemed. Nothing of it ever changes. Times in milliseconds.
 */
export type Handle = {
  id: string
  vault: string
  name: string
  version?: string
  /** Principal ids. */
  maker: string
  redeemer: string
  madeAt: number
  expiresAt: number
  /** When the maker's own token was validated: nothing rests on it for longer than a maximum. */
  validatedAt: number
  /** The grant it was made through, with which it dies, and the transaction that took a use of it. */
  through?: { grant: string; txn: string }
}

/** The maker as a decision looks at it, kept with the handle. */
export type Maker = Omit<Principal, 'expiresAt' | 'validatedAt' | 'boundTo' | 'through'>

/** Signs what a row says. */
export type Seal = (text: string) => string

const HANDLE_ROW = 'handle'

export const handleKey = (id: string) => [id, HANDLE_ROW] as const

/** Row `handle` of table `handles`, partition = its id. */
export function handleRow(handle: Handle, maker: Maker, seal: Seal): Row {
  const texts = { said: JSON.stringify(handle), by: JSON.stringify(maker) }
  return { partitionKey: handle.id, rowKey: HANDLE_ROW, ...texts, seal: seal(sealed(handle.id, texts)) }
}

/**
 * Handle and maker out of a row; undefined when the seal does not fit: somebody edited it, or moved it from another id. What
 * is sealed was written by us, so it has our form.
 */
export function readHandle(row: StoredRow, seal: Seal): { handle: Handle; maker: Maker } | undefined {
  const { said, by } = row
  if (typeof said !== 'string' || typeof by !== 'string') return undefined
  if (row['seal'] !== seal(sealed(row.partitionKey, { said, by }))) return undefined
  const maker: Maker = JSON.parse(by)
  const claims = freezeClaims(maker.claims)
  return isRefused(claims) ? undefined : { handle: JSON.parse(said), maker: { ...maker, claims } }
}

export function makerOf(principal: Principal): Maker {
  const { expiresAt: _expiresAt, validatedAt: _validatedAt, boundTo: _boundTo, through: _through, ...maker } = principal
  return maker
}

/** INVARIANT: the word first keeps it apart from every other text that is sealed with the same key. */
const sealed = (id: string, { said, by }: { said: string; by: string }) => JSON.stringify(['handle', id, said, by])
