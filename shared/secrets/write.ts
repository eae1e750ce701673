import { GatewayError } from '../errors.ts'
import type { Grant } from '../gate.ts'
import { recorded } from '../recorded.ts'
import { type CurrentDeps, loadCurrent } from './current.ts'
import type { Markers } from './markers.ts'
import { metadataOf, type SecretMetadata } from './metadata.ts'
import { checkPrecondition, type Precondition } from './precondition.ts'
import { type SecretRef, secretResource } from './secret-ref.ts'
import { type Stage, stageOf } from './validity.ts'
import type { NewSecret, SecretProperties, Vault } from './vault.ts'
import { findWritten, tagged, type WriteAttempt } from './write-attempt.ts'
import type { createWriteClaims } from './write-claim.ts'

export type WriteDeps = CurrentDeps & {
  vaults: ReadonlyMap<string, Vault>
  markers: Pick<Markers, 'raise'>
  claimed: ReturnType<typeof createWriteClaims>
}

export type Write = {
  secret: NewSecret
  precondition: Precondition
  /** Several tries of one write make one version, which carries the id. */
  attempt?: WriteAttempt
}

export type Written = { created: boolean; version: string; metadata: SecretMetadata }

/**
 * Writes a new version under a Grant for `secret:set`; throws `precondition_failed`, `conflict` or what the vault says. The
 * value goes to the vault and nowhere else.
 */
export async function writeSecret(
  deps: WriteDeps,
  { grant, ref }: { grant: Grant; ref: SecretRef },
  { secret, precondition, attempt }: Write,
): Promise<Written> {
  grant.spend('secret:set', secretResource(ref))
  const act = async () => {
    const vault = vaultOf(deps, ref)
    return deps.claimed(ref, async () => {
      // INVARIANT: before the precondition, which an earlier try may itself have made false.
      const written = attempt && (await findWritten(vault, ref.name, attempt))
      if (written) {
        const { created, properties } = written
        const metadata = metadataOf(ref, properties, await stageNow(deps, ref, properties))
        return { created, version: properties.version, metadata }
      }
      const before = await versionBefore(vault, ref, deps)
      checkPrecondition(precondition, before.version)
      // Also raised after a failure: a write whose answer was lost has happened all the same.
      const properties = await vault
        .set(ref.name, tagged(secret, attempt))
        .finally(() => deps.markers.raise(ref.vault, ref.name))
      const metadata = metadataOf(ref, properties, 'current')
      return { created: !before.exists, version: properties.version, metadata }
    })
  }
  return recorded(grant, act, versionOf)
}

/** What came of it. */
const versionOf = ({ version }: { version?: string }) => (version ? { version } : undefined)

/** Enables or disables a version under a Grant for `secret:restore` or `secret:disable`; gives its metadata. */
export async function setEnabled(
  deps: WriteDeps,
  { grant, ref }: { grant: Grant; ref: SecretRef },
  { version, enabled }: { version: string; enabled: boolean },
): Promise<SecretMetadata> {
  grant.spend(enabled ? 'secret:restore' : 'secret:disable', secretResource(ref))
  const act = async () => {
    const vault = vaultOf(deps, ref)
    const changing = vault.setEnabled(ref.name, version, enabled)
    const properties = await changing.finally(() => deps.markers.raise(ref.vault, ref.name))
    return metadataOf(ref, properties, await stageNow(deps, ref, properties))
  }
  return recorded(grant, act, versionOf)
}

function vaultOf({ vaults }: WriteDeps, { vault }: SecretRef): Vault {
  const found = vaults.get(vault)
  if (!found) throw new GatewayError('secret_not_found', 'vault_alias_unknown')
  return found
}

/** Straight from the vault: a cached version could make a stale `If-Match` true. */
async function versionBefore(vault: Vault, ref: SecretRef, deps: CurrentDeps) {
  try {
    return { exists: true, version: (await loadCurrent(vault, ref, deps)).secret.version }
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    if (error.code === 'secret_not_found') return { exists: false, version: undefined }
    // Every version is disabled: the secret exists, and no version is the current one.
    if (error.code === 'secret_disabled') return { exists: true, version: NO_VERSION }
    throw error
  }
}

/** Matches `*`, and no entity tag. */
const NO_VERSION = ''

/** Absent when it cannot be told: the change has been made, so nothing here may turn it into a failure. */
async function stageNow(deps: WriteDeps, ref: SecretRef, properties: SecretProperties): Promise<Stage | undefined> {
  try {
    const { secret, row } = await loadCurrent(vaultOf(deps, ref), ref, deps)
    return stageOf(properties, secret, row)
  } catch (error) {
    return error instanceof GatewayError && error.code === 'secret_disabled' ? 'retired' : undefined
  }
}
