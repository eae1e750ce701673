import { hashToken } from '../../audit/token-hash.ts'
import { GatewayError } from '../../errors.ts'
import type { Vault } from '../../secrets/vault.ts'
import type { Broker } from '../broker/broker.ts'
import type { EntraPort } from '../entra/entra-port.ts'
import { handOut, refuseNarrowing } from '../entra/handed-out.ts'
import type { GoogleIdTokens, IdTokenSource } from '../google/id-token.ts'
import type { PassedAccount, PassedIdTokens } from '../google/passed-id-token.ts'
import { parseServiceAccountKey } from '../google/service-account-key.ts'
import { readStoredCredential } from '../stored-credential.ts'
import type { TokenKind, TokenOrder } from './kind.ts'

export type EntraFromGoogleDeps = {
  broker: Broker
  entra: EntraPort
  idTokens: GoogleIdTokens
  /** Verifies what a caller passed. */
  passedIdToken: PassedIdTokens
  /** The gateway's own vault. */
  vault: Vault
  /** `aud` of assertions in this cloud: `api://AzureADTokenExchange`. */
  exchangeAudience: string
  now(): number
}

/** Entra tokens of an application registration that trusts a Google service account. */
export function createEntraFromGoogleKind(deps: EntraFromGoogleDeps): TokenKind<'entra-from-google'> {
  const { broker, entra, exchangeAudience, now } = deps
  return {
    kind: 'entra-from-google',
    takesPassed: true,
    async plan(order) {
      refuseNarrowing(order)
      const { name, token } = order.target
      const { tenant, clientId, resource } = token
      const { idToken, version, passedHash } = await sourceOf(order, deps)
      const fallback = `entra:${tenant}:app:${clientId}`
      return {
        handout: { reference: fallback, ...(passedHash !== undefined && { passedHash }) },
        identifiedBy: 'result',
        async mint() {
          // The target is in the key: two targets with one application are trusted, and refused, apart.
          const key = { tenant, identity: `google-app:${clientId}:${name}`, resource }
          const assertion = ({ signal }: { signal: AbortSignal }) => idToken(exchangeAudience, signal)
          const fetch = entra.byAssertion({ tenant, clientId }, resource, assertion)
          const brokered = await broker.get(key, fetch, version === undefined ? {} : { credentialVersion: version })
          return handOut({ brokered, resource, fallback, maxTtlSeconds: order.obligations.maxTtlSeconds, now: now() })
        },
      }
    },
  }
}

type Source = {
  idToken(audience: string, signal: AbortSignal): Promise<string>
  version?: string
  passedHash?: string
}

/**
 * A stored key is read and checked for form before anything is recorded; its version is what a refusal is remembered by. A
 * passed token is verified here each time, so that what rests in the broker is served to nobody who cannot pass one.
 */
async function sourceOf(
  { target, passed }: TokenOrder<'entra-from-google'>,
  deps: EntraFromGoogleDeps,
): Promise<Source> {
  const { google } = target.token
  if (typeof google === 'object' && 'passed' in google) return passedSource(passed, google.passed, deps)
  if (passed !== undefined) throw new GatewayError('invalid_subject_token', 'passed_token_not_taken')
  const by =
    (source: IdTokenSource): Source['idToken'] =>
    (audience, signal) =>
      deps.idTokens(source, audience, signal)
  if (google === 'metadata') return { idToken: by({ by: 'metadata' }) }
  if (!('credential' in google)) {
    return { idToken: by({ by: 'impersonation', account: { ...google, target: target.name } }) }
  }
  const { credential: key, version } = await readStoredCredential(
    deps.vault,
    { name: google.credential, now: deps.now() },
    parseServiceAccountKey,
  )
  return { idToken: by({ by: 'key', key }), version }
}

async function passedSource(
  token: string | undefined,
  account: PassedAccount,
  { passedIdToken }: EntraFromGoogleDeps,
): Promise<Source> {
  if (token === undefined) throw new GatewayError('invalid_request', 'passed_token_missing', { detail: PASS_ONE })
  await passedIdToken(token, account)
  return { idToken: async () => token, passedHash: hashToken(token) }
}

const PASS_ONE = 'this target takes a Google ID token as `subject_token`, from a caller that authenticates apart'
