import type { Table } from '../azure/table.ts'
import type { Grant } from '../gate.ts'
import type { CachedSecret } from './current.ts'
import { type ListQuery, listPage } from './list.ts'
import { createLoadingCache } from './loading-cache.ts'
import { createMarkers } from './markers.ts'
import { type Asked, cacheKey, currentVersion, lookUp } from './read.ts'
import type { Secret } from './secret.ts'
import type { SecretRef } from './secret-ref.ts'
import { createShield, type Shielded } from './shield.ts'
import type { SecretProperties, Vault } from './vault.ts'
import { lookUpVersions } from './versions.ts'
import { createWaiters, type Wait } from './wait.ts'
import { setEnabled, type Write, writeSecret } from './write.ts'
import { createWriteClaims } from './write-claim.ts'

export type SecretsDeps = {
  /** Alias → vault; the gateway's own vault is not among them. */
  vaults: ReadonlyMap<string, Vault>
  /** Table `secretstate`. */
  state: Table
  cacheSeconds: number
  /** How often the change marker is looked at; the poll of the policy revision. */
  pollSeconds?: number
  /** Keyed hash of a value; rejects with `keys_unavailable` while the key is not there. */
  hashValue(value: Secret): Promise<string>
  now(): number
  report(event: string, detail: Record<string, unknown>): void
}

const MAX_SECRETS = 20_000
const MAX_SECRET_BYTES = 64 * 1024 * 1024
/** A whole vault's names; somebody who lists looks for what is new, so it is kept for less time than a value. */
const LISTING_SECONDS = 60
const MAX_LISTING_BYTES = 64 * 1024 * 1024
/** Name, dates and a few tags, estimated. */
const LISTED_BYTES = 400
const HELD_BYTES = 600

/** What callers can do with secrets. Reads give a `prepare` for the door; writes take the Grant that came out of it. */
export function createSecrets(deps: SecretsDeps) {
  const { state, cacheSeconds, pollSeconds = 5, hashValue, now, report } = deps
  const vaults = new Map<string, Shielded>()
  for (const [alias, vault] of deps.vaults) vaults.set(alias, createShield(vault, { now, report, alias }))
  const cache = createLoadingCache<CachedSecret>({
    now,
    ttlMs: cacheSeconds * 1_000,
    maxEntries: MAX_SECRETS,
    maxBytes: MAX_SECRET_BYTES,
    bytesOf: ({ secret }) => HELD_BYTES + 2 * secret.value.length,
  })
  const listings = createLoadingCache<readonly SecretProperties[]>({
    now,
    ttlMs: Math.min(cacheSeconds, LISTING_SECONDS) * 1_000,
    maxEntries: 64,
    maxBytes: MAX_LISTING_BYTES,
    bytesOf: (all) => 64 + LISTED_BYTES * all.length,
  })
  const markers = createMarkers({ state, now, pollSeconds, report, changed })
  const read = { vaults, state, cache, markers, hashValue, now, cacheSeconds }
  const waiters = createWaiters({ now, pollSeconds, currentVersion: (ref) => currentVersion(read, ref) })
  const write = { vaults, state, markers, hashValue, claimed: createWriteClaims({ state, now }) }

  function changed(vault: string, name?: string): void {
    cache.drop(name === undefined ? `${vault}/` : cacheKey({ vault, name }))
    listings.drop(`${vault}/`)
    waiters.changed(vault, name)
  }

  return {
    lookUp: (ref: SecretRef, asked?: Asked) => lookUp(read, ref, asked),
    lookUpVersions: (ref: SecretRef) => lookUpVersions(read, ref),
    listPage: (query: ListQuery) => listPage({ vaults, listings, markers }, query),
    set: (act: { grant: Grant; ref: SecretRef }, what: Write) => writeSecret(write, act, what),
    setEnabled: (act: { grant: Grant; ref: SecretRef }, what: { version: string; enabled: boolean }) =>
      setEnabled(write, act, what),
    /** Unrecorded; whatever it says, the full admission follows. */
    waitForChange: (wait: Wait) => waiters.wait(wait),
    /** Tells every instance that the secret has another version now; after a write that did not come through here. */
    announce: (ref: SecretRef) => markers.raise(ref.vault, ref.name),
    /** Alias → how its vault was last found, without asking it. */
    status: () => Object.fromEntries([...vaults].map(([alias, vault]) => [alias, vault.status()])),
    close: () => waiters.close(),
  }
}

export type Secrets = ReturnType<typeof createSecrets>
