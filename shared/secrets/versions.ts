import { GatewayError } from '../errors.ts'
import type { Prepared } from '../gate.ts'
import { readState } from './current.ts'
import { metadataOf, type SecretMetadata } from './metadata.ts'
import type { ReadDeps } from './read.ts'
import type { SecretRef } from './secret-ref.ts'
import { newestEnabled, type SecretState, stageOf } from './validity.ts'
import type { SecretProperties } from './vault.ts'

/** The versions of a secret, newest first, without values; to be `prepare` of `admit`, so a missing secret is recorded. */
export function lookUpVersions(deps: ReadDeps, ref: SecretRef) {
  return async (): Promise<Prepared<SecretMetadata[]>> => {
    const vault = deps.vaults.get(ref.vault)
    if (!vault) throw new GatewayError('secret_not_found', 'vault_alias_unknown')
    const [versions, row] = await Promise.all([vault.versions(ref.name), readState(deps.state, ref)])
    // The vault answers an empty list for a secret that does not exist.
    if (versions.length === 0) throw new GatewayError('secret_not_found', 'no_versions')
    return { handout: { vault: ref.vault, name: ref.name }, sealed: withStages(ref, versions, row) }
  }
}

function withStages(ref: SecretRef, versions: SecretProperties[], row: SecretState): SecretMetadata[] {
  const current = newestEnabled(versions, row)
  return versions
    .toSorted((one, other) => (other.created ?? 0) - (one.created ?? 0) || (one.version < other.version ? -1 : 1))
    .map((version) => metadataOf(ref, version, current ? stageOf(version, current, row) : 'retired'))
}
