import { GatewayError } from '../errors.ts'
import type { SecretProperties } from './vault.ts'

/** Where a version stands in its secret's life. */
export type Stage = 'pending' | 'current' | 'previous' | 'retired'

/** What the `secretstate` row of a rotated secret says. */
export type SecretState = { current?: string; previous?: string }

/**
 * Throws `secret_disabled`, `secret_not_yet_valid` or `secret_expired`; at every read, cached or not: Key Vault itself serves
 * expired and not yet valid values.
 */
export function enforceValidity({ enabled, notBefore, expires }: SecretProperties, now: number): void {
  if (!enabled) throw new GatewayError('secret_disabled', 'version_disabled')
  if (expires !== undefined && expires <= now) throw new GatewayError('secret_expired', 'version_expired')
  if (notBefore !== undefined && notBefore > now) {
    throw new GatewayError('secret_not_yet_valid', 'version_not_yet_valid')
  }
}

/**
 * The stage of a version. `current` is the newest enabled version: the row names it, and where somebody else has written a
 * newer one since, the row's own version has become the previous one. Without a row an older version is `previous` while it
 * is enabled.
 */
export function stageOf(version: SecretProperties, current: SecretProperties, row: SecretState): Stage {
  if (version.version === current.version) return 'current'
  const previous = row.current && row.current !== current.version ? row.current : row.previous
  if (previous && version.version === previous) return 'previous'
  if ((version.created ?? 0) > (current.created ?? 0)) return 'pending'
  if (!row.current && version.enabled) return 'previous'
  return 'retired'
}

/** The newest enabled version; the service counts whole seconds, so the row breaks a tie. */
export function newestEnabled(versions: readonly SecretProperties[], row: SecretState): SecretProperties | undefined {
  const rank = ({ version, created }: SecretProperties) => (created ?? 0) * 2 + (version === row.current ? 1 : 0)
  return versions.filter(({ enabled }) => enabled).sort((one, other) => rank(other) - rank(one))[0]
}
