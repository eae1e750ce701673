import type { Secret } from './secret.ts'

/** What a vault tells about one version, without its value. Times in milliseconds since the epoch. */
export type SecretProperties = {
  name: string
  /** 32 hex digits. */
  version: string
  enabled: boolean
  contentType?: string
  notBefore?: number
  expires?: number
  created?: number
  updated?: number
  tags: Readonly<Record<string, string>>
}

export type VaultSecret = SecretProperties & { value: Secret }

export type NewSecret = {
  value: Secret
  contentType?: string
  enabled?: boolean
  notBefore?: number
  expires?: number
  tags?: Readonly<Record<string, string>>
}

/**
 * One Key Vault. Names and versions are checked before any call (T17). Every failure is a GatewayError: `secret_not_found`,
 * `secret_disabled`, `conflict` (being deleted or recovered), `invalid_request`, `vault_unavailable` (with Retry-After where
 * the vault gave one; reason `vault_throttled`, `vault_forbidden`, `vault_unreachable`, …).
 */
export type Vault = {
  /** Newest version when none is named. Expired and not-yet-valid ones are served: the caller enforces. */
  get(name: string, version?: string): Promise<VaultSecret>
  versions(name: string): Promise<SecretProperties[]>
  /** Newest version of every secret, in the vault's order; the vault does not say its id there, so `version` is empty. */
  list(): AsyncIterable<SecretProperties>
  set(name: string, secret: NewSecret): Promise<SecretProperties>
  /** Enables or disables one version. */
  setEnabled(name: string, version: string, enabled: boolean): Promise<SecretProperties>
}

export const SECRET_NAME = /^[0-9a-zA-Z-]{1,127}$/
export const SECRET_VERSION = /^[0-9a-f]{32}$/
