import { type ErrorCode, GatewayError } from '../../errors.ts'
import type { Vault } from '../../secrets/vault.ts'
import { type KeyState, SIGNING_SECRETS } from './key-names.ts'
import type { SigningRow } from './key-row.ts'
import { importSigningKey, type SigningKey } from './signing-key.ts'

/** A row whose JWK is the public part of the secret's version it names. */
export type TrustedKey = SigningKey & { state: KeyState; createdAt: string; secretVersion: string; checkedAt: number }

/** `left_out` = the row lies, or its version is gone; `unknown` = the vault cannot say now. */
export type Trust = TrustedKey | { left_out: string } | { unknown: string }

/** A leaked key is stopped by disabling its version: noticed within this time. */
const RECHECK_MS = 10 * 60_000

/** Answers of the vault about the version; `invalid_request` = the row does not even name one. */
const DEFINITE: readonly ErrorCode[] = ['secret_not_found', 'secret_disabled', 'invalid_request']

/**
 * Compares a row with the vault, which alone is trusted: a writer of the table can hide a key but never add one. A key
 * checked less than ten minutes ago is not asked for again; one that the vault cannot be asked about stays as it was.
 */
export async function trustRow(
  row: SigningRow,
  { vault, known, now }: { vault: Vault; known: TrustedKey | undefined; now: number },
): Promise<Trust> {
  const same = known && known.alg === row.alg && known.kid === row.kid && known.secretVersion === row.secretVersion
  const before =
    same && isSameJwk(row.jwk, known) ? { ...known, state: row.state, createdAt: row.createdAt } : undefined
  if (before && Math.abs(now - before.checkedAt) < RECHECK_MS) return before
  try {
    const { value, enabled } = await vault.get(SIGNING_SECRETS[row.alg], row.secretVersion)
    if (!enabled) return { left_out: 'version_disabled' }
    const key = await importSigningKey(row.alg, value)
    if (!key) return { left_out: 'not_a_key' }
    if (key.kid !== row.kid || !isSameJwk(row.jwk, key)) return { left_out: 'jwk_differs' }
    return { ...key, state: row.state, createdAt: row.createdAt, secretVersion: row.secretVersion, checkedAt: now }
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    if (DEFINITE.includes(error.code)) return { left_out: error.code }
    return before ?? { unknown: error.reason }
  }
}

function isSameJwk(jwk: unknown, { publicJwk }: SigningKey): boolean {
  if (typeof jwk !== 'object' || jwk === null) return false
  const told = Object.entries(jwk)
  const meant: Record<string, unknown> = publicJwk
  return told.length === Object.keys(meant).length && told.every(([name, value]) => meant[name] === value)
}
