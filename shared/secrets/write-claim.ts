import { randomUUID } from 'node:crypto'
import type { StoredRow, Table } from '../azure/table.ts'
import { StorageError } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import type { SecretRef } from './secret-ref.ts'

export type ClaimDeps = { state: Table; now(): number }

/** A writer that died loses its claim after this; far more than the calls of one write may take together. */
const CLAIM_MS = 60_000
/** Left when the write begins: less, and the claim might end before the write does. */
const NEEDED_MS = 20_000
const WAIT_MS = 3_000
const FIRST_PAUSE_MS = 30
/** A permit is not acted upon later than this behind other writers of the process: about a poll of the policy. */
const MAX_QUEUED_MS = 5_000

/**
 * Runs `act` while nobody else writes this secret through the gateway, on any instance. Key Vault has no conditional write:
 * without this, two writers with the same `If-Match` would both find it true. Writers straight to the vault are not held.
 * Throws `conflict` when another writer does not end in time, `vault_unavailable` when storage cannot say.
 */
export function createWriteClaims({ state, now }: ClaimDeps) {
  const queues = new Map<string, Promise<unknown>>()

  const claimed = async <T>(ref: SecretRef, act: () => Promise<T>): Promise<T> => {
    const claim = await take(state, ref, now)
    try {
      if (claim.until - now() < NEEDED_MS) throw busy()
      return await act()
    } finally {
      // What cannot be given back ends by itself.
      await state.remove(ref.vault, rowKeyOf(ref), claim.etag).catch(() => undefined)
    }
  }

  return async <T>(ref: SecretRef, act: () => Promise<T>): Promise<T> => {
    const key = `${ref.vault}/${ref.name}`
    const giveUpAt = performance.now() + MAX_QUEUED_MS
    const turn = (queues.get(key) ?? Promise.resolve()).then(() => {
      // INVARIANT: what was permitted long ago is not done now: the policy may have changed while others wrote (T11).
      if (performance.now() > giveUpAt) throw busy()
      return claimed(ref, act)
    })
    const settled = turn.catch(() => undefined)
    queues.set(key, settled)
    try {
      return await turn
    } finally {
      if (queues.get(key) === settled) queues.delete(key)
    }
  }
}

/** No name can start with `_`, so a claim never meets a secret's own row. */
const rowKeyOf = ({ name }: SecretRef) => `_claim|${name}`

const busy = () =>
  new GatewayError('conflict', 'write_in_progress', { detail: 'another write is in progress', retryAfterSeconds: 2 })

type Claim = { etag: string; until: number }

async function take(state: Table, ref: SecretRef, now: () => number): Promise<Claim> {
  const owner = randomUUID()
  const giveUpAt = performance.now() + WAIT_MS
  for (let pause = FIRST_PAUSE_MS; performance.now() < giveUpAt; pause = Math.min(pause * 2, 400)) {
    const claim = await tryTake(state, ref, { owner, until: now() + CLAIM_MS, now: now() })
    if (claim) return claim
    await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())))
  }
  throw busy()
}

type Attempt = { owner: string; until: number; now: number }

/** Inserts the claim, or takes over an expired one by compare-and-set. */
async function tryTake(state: Table, ref: SecretRef, { owner, until, now }: Attempt): Promise<Claim | undefined> {
  const row = { partitionKey: ref.vault, rowKey: rowKeyOf(ref), owner, until }
  try {
    const inserted = await state.insert(row)
    const stored = await state.get(ref.vault, rowKeyOf(ref))
    if (!stored) return undefined
    // An insert that was repeated after a broken connection says "exists" of its own row.
    if (inserted === 'inserted' || isMine(stored, owner)) {
      return isMine(stored, owner) ? { etag: stored.etag, until } : undefined
    }
    if (Number(stored['until']) > now) return undefined
    const taken = await state.replace(row, stored.etag)
    return taken === 'changed' ? undefined : { etag: taken.etag, until }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    throw new GatewayError('vault_unavailable', 'secret_state_unreadable', { retryAfterSeconds: 5 })
  }
}

const isMine = (row: StoredRow, owner: string) => row['owner'] === owner
