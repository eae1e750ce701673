import type { Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import type { Secret } from './secret.ts'
import type { SecretRef } from './secret-ref.ts'
import { newestEnabled, type SecretState } from './validity.ts'
import type { Vault, VaultSecret } from './vault.ts'

/** What the cache keeps of a version: the sealed value, what the row said, and the keyed hash once somebody needed it. */
export type CachedSecret = { secret: VaultSecret; row: SecretState; hash(): Promise<string> }

export type CurrentDeps = { state: Table; hashValue(value: Secret): Promise<string> }

const STATE_DEADLINE_MS = 2_000

/** Loads the current version: the newest enabled one (one call to the vault unless the newest is disabled). */
export async function loadCurrent(vault: Vault, ref: SecretRef, deps: CurrentDeps): Promise<CachedSecret> {
  const [newest, row] = await Promise.all([newestOrDisabled(vault, ref.name), readState(deps.state, ref)])
  const secret = newest ?? (await newestOfEnabled(vault, ref.name, row))
  return { secret, row, hash: hashOnce(secret.value, deps) }
}

/** Loads a version by its id. */
export async function loadVersion(
  vault: Vault,
  asked: SecretRef & { version: string },
  deps: CurrentDeps,
): Promise<CachedSecret> {
  const secret = await vault.get(asked.name, asked.version)
  return { secret, row: {}, hash: hashOnce(secret.value, deps) }
}

async function newestOrDisabled(vault: Vault, name: string): Promise<VaultSecret | undefined> {
  try {
    const newest = await vault.get(name)
    return newest.enabled ? newest : undefined
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'secret_disabled') return undefined
    throw error
  }
}

/** A disabled newest version breaks those who read the vault directly, not those who read here. */
async function newestOfEnabled(vault: Vault, name: string, row: SecretState): Promise<VaultSecret> {
  const newest = newestEnabled(await vault.versions(name), row)
  if (!newest) throw new GatewayError('secret_disabled', 'every_version_disabled')
  return vault.get(name, newest.version)
}

/** The `secretstate` row of a rotated secret; empty for all others. */
export async function readState(state: Table, { vault, name }: SecretRef): Promise<SecretState> {
  try {
    const row = await state.get(vault, name, { deadlineMs: STATE_DEADLINE_MS })
    const current = row?.['current']
    const previous = row?.['previous']
    return {
      ...(typeof current === 'string' && { current }),
      ...(typeof previous === 'string' && { previous }),
    }
  } catch {
    throw new GatewayError('vault_unavailable', 'secret_state_unreadable', { retryAfterSeconds: 5 })
  }
}

/** One HMAC per cached value instead of one per read; a failure (the key is not there yet) is not kept. */
function hashOnce(value: Secret, { hashValue }: CurrentDeps): () => Promise<string> {
  let hash: Promise<string> | undefined
  return () => {
    hash ??= hashValue(value).catch((error: unknown) => {
      hash = undefined
      throw error
    })
    return hash
  }
}
