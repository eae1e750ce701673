import { GatewayError } from '../errors.ts'
import type { Vault } from '../secrets/vault.ts'

/**
 * What a target's credential `ext-<name>` in the gateway vault holds, parsed, and its version. Throws `upstream_refused`
 * when it is missing, disabled, out of its time (`now`, milliseconds) or malformed, and what the vault throws.
 */
export async function readStoredCredential<T>(
  vault: Vault,
  { name, now }: { name: string; now: number },
  parse: (text: string) => T | undefined,
): Promise<{ credential: T; version: string; created: number }> {
  const found = await vault.get(`ext-${name}`).catch((error: unknown) => {
    if (error instanceof GatewayError && error.code === 'secret_not_found') throw unusable('credential_missing')
    throw error
  })
  const { value, version, enabled, created = 0, notBefore = 0, expires = Number.POSITIVE_INFINITY } = found
  if (!enabled) throw unusable('credential_disabled')
  if (now < notBefore || now >= expires) throw unusable('credential_out_of_date')
  const credential = value.within(parse)
  if (!credential) throw unusable('credential_malformed')
  return { credential, version, created }
}

const unusable = (reason: string) => new GatewayError('upstream_refused', reason)
