import type { JWK } from 'jose'
import { GatewayError } from '../../errors.ts'
import type { Secret } from '../../secrets/secret.ts'
import { bootstrapKeys, type KeyStoreDeps, missingKeys, readKeyRows } from './bootstrap.ts'
import type { SigningAlgorithm } from './key-names.ts'
import { loadRing, type Ring } from './load-ring.ts'
import { createSigner, type Signer } from './signer.ts'

export type JwkSet = { keys: JWK[] }

export type KeyRingStatus = {
  /** `stale`: the last reading failed, the keys are the ones loaded before it. */
  state: 'ok' | 'stale' | 'unavailable'
  ageSeconds?: number
  /** Rows of table `keys` that are not served because the vault does not confirm them. */
  leftOut?: number
}

/** Every method but `status` throws GatewayError `keys_unavailable` (with Retry-After) when there is no ring to answer from. */
export type KeyRing = {
  /** Creates the four keys if nobody has, and loads them. */
  ready(): Promise<void>
  /** The newest `active` key of the algorithm; refuses an hour after the last good reading of table `keys`. */
  signer(alg: SigningAlgorithm): Promise<Signer>
  /** Prepared, active and retiring keys, public parts only; refuses a day after the last good reading. */
  jwks(): Promise<JwkSet>
  journalMaster(): Promise<Secret>
  valueHmac(): Promise<Secret>
  status(): KeyRingStatus
}

/** How long another instance's change of the table may go unnoticed while storage answers. */
const POLL_MS = 60_000
/** After a failed reading: no storm on a storage account or vault that is down. */
const RETRY_MS = 1_000
/** A key may have been retired meanwhile; it stays published for the longest token plus this. */
export const SIGN_STALE_MS = 60 * 60_000
/** Verifiers elsewhere go on as long as nothing better can be told. */
const PUBLISH_STALE_MS = 24 * 60 * 60_000

/** The gateway's own keys. Once loaded, a vault or storage that goes down takes nothing away before the times above. */
export function createKeyRing(deps: KeyStoreDeps): KeyRing {
  const { now, report } = deps
  let ring: Ring | undefined
  let failure: { at: number; error: GatewayError } | undefined
  let reading: Promise<void> | undefined
  const signers = new WeakMap<object, Promise<Signer>>()

  async function read(): Promise<void> {
    try {
      let rows = await readKeyRows(deps)
      if (missingKeys(rows).length > 0) {
        await bootstrapKeys(deps, rows)
        rows = await readKeyRows(deps)
      }
      ring = await loadRing(deps, rows, ring)
      failure = undefined
    } catch (thrown) {
      const error = asUnavailable(thrown)
      failure = { at: now(), error }
      report('keys.not_read', { reason: error.reason, loaded: ring !== undefined })
      throw error
    }
  }

  /** One reading at a time; right after a failed one its error is the answer. */
  function refresh(): Promise<void> {
    if (failure && Math.abs(now() - failure.at) < RETRY_MS) return Promise.reject(failure.error)
    reading ??= read().finally(() => {
      reading = undefined
    })
    return reading
  }

  /** A clock that was set back makes a ring old, not new for hours (T28). */
  const ageOf = ({ loadedAt }: Ring) => Math.abs(now() - loadedAt)

  async function current(maxStaleMs: number): Promise<Ring> {
    if (!ring) await refresh()
    else if (ageOf(ring) > POLL_MS) {
      const refreshed = refresh().catch(() => undefined)
      const age = ageOf(ring)
      // A process that slept through several polls looks before it acts; one that just cannot read does not wait each time.
      if (age > maxStaleMs || (age > 2 * POLL_MS && !failure)) await refreshed
    }
    if (!ring || ageOf(ring) > maxStaleMs) throw failure?.error ?? unavailable('keys_stale')
    return ring
  }

  return {
    ready: async () => {
      await current(Number.POSITIVE_INFINITY)
    },
    signer: async (alg) => {
      const { signing } = await current(SIGN_STALE_MS)
      const key = signing
        .filter((each) => each.alg === alg && each.state === 'active')
        .reduce((newest, each) => (newest && newest.createdAt >= each.createdAt ? newest : each), none)
      if (!key) throw unavailable('no_active_key')
      const signer = signers.get(key.privateKey) ?? createSigner(key)
      signers.set(key.privateKey, signer)
      return signer
    },
    jwks: async () => ({ keys: (await current(PUBLISH_STALE_MS)).signing.map(({ publicJwk }) => publicJwk) }),
    journalMaster: async () => (await current(Number.POSITIVE_INFINITY)).journalMaster,
    valueHmac: async () => (await current(Number.POSITIVE_INFINITY)).valueHmac,
    status: () => {
      if (!ring) return { state: 'unavailable' }
      const ageSeconds = Math.round(ageOf(ring) / 1_000)
      const state = ageOf(ring) > SIGN_STALE_MS ? 'unavailable' : failure ? 'stale' : 'ok'
      return { state, ageSeconds, leftOut: ring.leftOut }
    },
  }
}

const none = undefined as Ring['signing'][number] | undefined

/** Storage and vault errors become ours; whatever else was thrown is a bug and keeps nothing of its text. */
function asUnavailable(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError && thrown.code === 'keys_unavailable') return thrown
  const reason = reasonOf(thrown)
  return unavailable(`keys_${reason}`)
}

const reasonOf = (thrown: unknown): string => {
  if (thrown instanceof GatewayError || isStorageError(thrown)) return thrown.reason
  return 'unexpected_error'
}

const isStorageError = (thrown: unknown): thrown is { reason: string } =>
  thrown instanceof Error && thrown.name === 'StorageError' && 'reason' in thrown

const unavailable = (reason: string) => new GatewayError('keys_unavailable', reason, { retryAfterSeconds: 2 })
