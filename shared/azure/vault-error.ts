import { type ErrorCode, GatewayError } from '../errors.ts'
import type { Failure, StatusFailure } from './failure.ts'

export type VaultOperation = 'get' | 'list' | 'set'

/** A throttling vault that does not say how long (the service's guidance starts far lower, but counts every caller). */
const DEFAULT_THROTTLE_SECONDS = 10
const DEFAULT_RETRY_SECONDS = 5
/** A role assignment takes minutes to work. */
const FORBIDDEN_RETRY_SECONDS = 30

const CONFLICTS: Record<string, string> = {
  ObjectIsDeletedButRecoverable: 'a deleted secret of this name can still be recovered',
  ObjectIsBeingDeleted: 'the secret is being deleted',
  ObjectIsBeingRecovered: 'the secret is being recovered',
}

/** Every failure of a vault as one of ours (port Vault); the SDK's error stays behind. */
export function vaultError(failure: Failure, operation: VaultOperation): GatewayError {
  if (failure.kind === 'status') return statusError(failure, operation)
  return unavailable(
    {
      timeout: 'vault_unreachable',
      network: 'vault_unreachable',
      credential: 'vault_no_identity',
      garbage: 'vault_garbled',
    }[failure.kind],
    DEFAULT_RETRY_SECONDS,
  )
}

function statusError(failure: StatusFailure, operation: VaultOperation): GatewayError {
  const { status, innerCode, retryAfterSeconds } = failure
  if (status === 404) return refused('secret_not_found', 'vault_not_found')
  if (status === 403 && innerCode === 'SecretDisabled') return refused('secret_disabled', 'vault_disabled')
  if (status === 403) return unavailable('vault_forbidden', FORBIDDEN_RETRY_SECONDS)
  if (status === 401) return unavailable('vault_unauthenticated', FORBIDDEN_RETRY_SECONDS)
  if (status === 409) return refused('conflict', 'vault_conflict', CONFLICTS[innerCode ?? ''] ?? 'try again later')
  if (status === 429 || status === 503) {
    return unavailable('vault_throttled', retryAfterSeconds ?? DEFAULT_THROTTLE_SECONDS)
  }
  if (status === 400 && operation === 'set') {
    return refused('invalid_request', 'vault_rejected', 'the vault does not accept this secret')
  }
  return unavailable(status >= 500 ? 'vault_failed' : 'vault_garbled', retryAfterSeconds ?? DEFAULT_RETRY_SECONDS)
}

const unavailable = (reason: string, retryAfterSeconds: number) =>
  new GatewayError('vault_unavailable', reason, { retryAfterSeconds })

const refused = (code: ErrorCode, reason: string, detail?: string) =>
  new GatewayError(code, reason, detail === undefined ? {} : { detail })

const ROLES: Record<VaultOperation, string> = {
  get: 'Key Vault Secrets User',
  list: 'Key Vault Secrets User',
  set: 'Key Vault Secrets Officer',
}

export type Forbidden = { url: string; operation: VaultOperation; failure: StatusFailure; identity: string | undefined }

/** What an operator must grant after a 403, to which identity, on which scope; for the operators' log, never for a caller. */
export function grantAdvice({ url, operation, failure, identity }: Forbidden): Record<string, unknown> {
  const { innerCode = 'unknown', scope } = failure
  const base = { vault: url, operation, innerCode, identity: identity ?? 'the managed identity of the gateway' }
  if (innerCode === 'ForbiddenByFirewall' || innerCode === 'ForbiddenByConnection') {
    return { ...base, remedy: "allow the gateway's network in the vault's firewall" }
  }
  const rbac = `grant the role "${ROLES[operation]}" on ${scope ?? `the vault ${url}`}`
  const accessPolicy = `grant the secret permission "${operation}" in the access policy of the vault ${url}`
  if (innerCode === 'ForbiddenByRbac') return { ...base, role: ROLES[operation], scope: scope ?? url, remedy: rbac }
  if (innerCode === 'AccessDenied' || innerCode === 'ForbiddenByPolicy') {
    return { ...base, permission: operation, scope: url, remedy: accessPolicy }
  }
  return {
    ...base,
    role: ROLES[operation],
    permission: operation,
    scope: scope ?? url,
    remedy: `${rbac}, or ${accessPolicy}`,
  }
}
