import { GatewayError } from '../errors.ts'
import type { Vault } from '../secrets/vault.ts'

/**
 * What a target's credential `ext-<name>` in the gateway vault holds, parsed, and its version. Throws `upstream_refused`
 * when it is missing, disabled or malformed, and what the vault throws.
 */
export async function readStoredCredential<T>(
  vault: Vault,
  name: string,
  parse: (text: string) => T | undefined,
): Promise<{ credential: T; version: string }> {
  const { value, version, enabled } = await vault.get(`ext-${name}`).catch((error: unknown) => {
    if (error instanceof GatewayError && error.code === 'secret_not_found') throw unusable('credential_missing')
    throw error
  })
  if (!enabled) throw unusable('credential_disabled')
  const credential = value.within(parse)
  if (!credential) throw unusable('credential_malformed')
  return { credential, version }
}

const unusable = (reason: string) => new GatewayError('upstream_refused', reason)
