import type { EntraFromGoogleToken } from '../../policy/documents/target-kinds/entra-from-google.ts'
import type { Vault } from '../../secrets/vault.ts'
import type { Broker } from '../broker/broker.ts'
import type { EntraPort } from '../entra/entra-port.ts'
import { handOut, refuseNarrowing } from '../entra/handed-out.ts'
import type { GoogleIdTokens, IdTokenSource } from '../google/id-token.ts'
import { parseServiceAccountKey } from '../google/service-account-key.ts'
import { readStoredCredential } from '../stored-credential.ts'
import type { TokenKind } from './kind.ts'

export type EntraFromGoogleDeps = {
  broker: Broker
  entra: EntraPort
  idTokens: GoogleIdTokens
  /** The gateway's own vault. */
  vault: Vault
  /** `aud` of assertions in this cloud: `api://AzureADTokenExchange`. */
  exchangeAudience: string
  now(): number
}

/** Entra tokens of an application registration that trusts a Google service account. */
export function createEntraFromGoogleKind(deps: EntraFromGoogleDeps): TokenKind<'entra-from-google'> {
  const { broker, entra, idTokens, vault, exchangeAudience, now } = deps
  return {
    kind: 'entra-from-google',
    async plan(order) {
      refuseNarrowing(order)
      const { name, token } = order.target
      const { tenant, clientId, resource } = token
      const { source, version } = await sourceOf(name, token.google, { vault, now })
      const fallback = `entra:${tenant}:app:${clientId}`
      return {
        handout: { reference: fallback },
        identifiedBy: 'result',
        async mint() {
          // The target is in the key: two targets with one application are trusted, and refused, apart.
          const key = { tenant, identity: `google-app:${clientId}:${name}`, resource }
          const assertion = ({ signal }: { signal: AbortSignal }) => idTokens(source, exchangeAudience, signal)
          const fetch = entra.byAssertion({ tenant, clientId }, resource, assertion)
          const brokered = await broker.get(key, fetch, version === undefined ? {} : { credentialVersion: version })
          return handOut({ brokered, resource, fallback, maxTtlSeconds: order.obligations.maxTtlSeconds, now: now() })
        },
      }
    },
  }
}

/** A stored key is read and checked for form before anything is recorded; its version is what a refusal is remembered by. */
async function sourceOf(
  target: string,
  google: EntraFromGoogleToken['google'],
  { vault, now }: Pick<EntraFromGoogleDeps, 'vault' | 'now'>,
): Promise<{ source: IdTokenSource; version?: string }> {
  if (google === 'metadata') return { source: { by: 'metadata' } }
  if (!('credential' in google)) return { source: { by: 'impersonation', account: { ...google, target } } }
  const { credential: key, version } = await readStoredCredential(
    vault,
    { name: google.credential, now: now() },
    parseServiceAccountKey,
  )
  return { source: { by: 'key', key }, version }
}
