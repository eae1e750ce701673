import type { Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import { loadCurrent } from '../secrets/current.ts'
import type { Secret } from '../secrets/secret.ts'
import type { SecretRef } from '../secrets/secret-ref.ts'
import { CREDENTIAL_ID, validityDays } from '../secrets/template-tags.ts'
import type { SecretProperties, Vault, VaultSecret } from '../secrets/vault.ts'

/** Tag of the version that a run published: by it a repeated cut-over finds its own version. */
export const ROTATION_TAG = 'sallyport-rotation'

export type PublishDeps = {
  vaults: ReadonlyMap<string, Vault>
  /** Table `secretstate`. */
  secretState: Table
  hashValue(value: Secret): Promise<string>
  /** Raises the vault's change marker, so that every instance drops its cached value. */
  raise(vault: string, name: string): Promise<void>
  now(): number
}

const CALL = { deadlineMs: 5_000 }
const MAX_TRIES = 8

/** The secret's current version; undefined when there is none. Throws what the vault says. */
export async function currentVersion(deps: PublishDeps, ref: SecretRef): Promise<VaultSecret | undefined> {
  try {
    return (await loadCurrent(vaultOf(deps, ref), ref, { state: deps.secretState, hashValue: deps.hashValue })).secret
  } catch (error) {
    if (error instanceof GatewayError && NONE.has(error.code)) return undefined
    throw error
  }
}

const NONE: ReadonlySet<string> = new Set(['secret_not_found', 'secret_disabled'])

export type Published = { version: string /** What its tag `ValidityPeriodDays` says. */; validDays?: number }

type Cutover = {
  ref: SecretRef
  runId: string
  value: Secret
  /** Name of the new credential, for its tag. */
  credentialId: string | undefined
  /** Version that was current before. */
  replaces: string | undefined
  guard: () => Promise<void>
}

/**
 * The cut-over: one new version tagged with the run, then the `secretstate` row. Run again after a crash at any line it ends
 * with exactly one version of this run.
 */
export async function publish(deps: PublishDeps, cutover: Cutover): Promise<Published> {
  const { ref, runId, value, replaces, guard, credentialId } = cutover
  const vault = vaultOf(deps, ref)
  const versions = await versionsOf(vault, ref.name)
  const properties = versions.find(({ tags }) => tags[ROTATION_TAG] === runId) ?? (await write())
  const { version } = properties
  await guard()
  await setState(deps.secretState, ref, { current: version, ...(replaces !== undefined && { previous: replaces }) })
  await deps.raise(ref.vault, ref.name)
  const validDays = validityDays(properties.tags)
  return { version, ...(validDays !== undefined && { validDays }) }

  async function write(): Promise<SecretProperties> {
    await guard()
    // Its properties alone: one that somebody switched off meanwhile still says how the next one is to look.
    const before = versions.find(({ version }) => version === replaces)
    const expires = expiryLike(before, deps.now())
    return vault.set(ref.name, {
      value,
      tags: { ...carriedOver(before, credentialId), [ROTATION_TAG]: runId },
      ...(before?.contentType !== undefined && { contentType: before.contentType }),
      ...(expires !== undefined && { expires }),
    })
  }
}

/** Ends the stage `previous` and switches the replaced version off. */
export async function withdraw(
  deps: PublishDeps,
  ref: SecretRef,
  { version, replaces }: { version: string; replaces: string | undefined },
): Promise<void> {
  await setState(deps.secretState, ref, { current: version })
  if (replaces !== undefined) {
    await vaultOf(deps, ref)
      .setEnabled(ref.name, replaces, false)
      .catch((error: unknown) => {
        if (!(error instanceof GatewayError) || error.code !== 'secret_not_found') throw error
      })
  }
  await deps.raise(ref.vault, ref.name)
}

async function versionsOf(vault: Vault, name: string): Promise<SecretProperties[]> {
  try {
    return await vault.versions(name)
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'secret_not_found') return []
    throw error
  }
}

/** The latest time that the vault's client can say. */
const LATEST_MS = 2_147_483_647_000

/** A version that was given a limited life hands the same length on: with the same date the new one would be born old. */
function expiryLike(replaces: SecretProperties | undefined, now: number): number | undefined {
  const days = validityDays(replaces?.tags ?? {})
  if (days !== undefined) return Math.min(now + days * 86_400_000, LATEST_MS)
  const { expires, created } = replaces ?? {}
  if (expires === undefined || created === undefined || expires <= created) return undefined
  return Math.min(now + expires - created, LATEST_MS)
}

/** The service takes 15 tags. */
const MAX_CARRIED = 14

/** A rotation template's `CredentialId` names the credential that the value is of. */
function carriedOver(replaces: SecretProperties | undefined, credentialId: string | undefined): Record<string, string> {
  const own = Object.entries(replaces?.tags ?? {}).filter(([name]) => !name.toLowerCase().startsWith('sallyport-'))
  const kept = Object.fromEntries(own.slice(0, MAX_CARRIED))
  return credentialId !== undefined && CREDENTIAL_ID in kept ? { ...kept, [CREDENTIAL_ID]: credentialId } : kept
}

export function vaultOf({ vaults }: Pick<PublishDeps, 'vaults'>, { vault }: SecretRef): Vault {
  const found = vaults.get(vault)
  if (!found) throw new GatewayError('secret_not_found', 'vault_alias_unknown')
  return found
}

async function setState(
  table: Table,
  { vault, name }: SecretRef,
  wanted: { current: string; previous?: string },
): Promise<void> {
  for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
    const row = await table.get(vault, name, CALL)
    if (row?.['current'] === wanted.current && row['previous'] === wanted.previous) return
    const next = { partitionKey: vault, rowKey: name, ...wanted }
    const done = row ? await table.replace(next, row.etag, CALL) : await table.insert(next, CALL)
    if (done !== 'changed' && done !== 'exists') return
  }
  throw new GatewayError('storage_unavailable', 'secret_state_contended', { retryAfterSeconds: 2 })
}
