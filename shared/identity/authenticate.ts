import type { CloudName } from '../azure/clouds.ts'
import { GatewayError } from '../errors.ts'
import type { FetchJson } from './fetch-json.ts'
import type { TrustedIssuer } from './issuer.ts'
import { createIssuerDirectory } from './issuer-directory.ts'
import type { IssuerStatus } from './issuer-keys.ts'
import { LIMITS } from './limits.ts'
import type { Principal } from './principal.ts'
import { isRefused, refused } from './refusal.ts'
import { createTokenCache, type VerifiedToken } from './token-cache.ts'
import { createTokenVerifier, type Failure } from './verify-token.ts'

export type AuthenticatorDeps = {
  /** The trusted document of exactly this `iss`; may throw GatewayError `no_policy` or `policy_unavailable`. */
  issuerOf(iss: string): TrustedIssuer | undefined
  fetchJson: FetchJson
  now(): number
  /** Counts for the journal's `refused` entries; the name is `unknown` while no trusted issuer is known. Must not throw. */
  refused(issuerName: string, reason: string): void
  /** Where the tenants of v1 issuers live that two clouds share; AzurePublic by default. */
  cloud?: CloudName
  /** The one `aud` of client assertions: the gateway's issuer identifier. Without it there are none. */
  assertionAudience?: string
}

export type Authenticator = {
  /**
   * Makes a principal of a caller's token. Throws GatewayError `invalid_token` (its reason is one of REFUSALS),
   * `issuer_unavailable` (one of OUTAGES, with `retryAfterSeconds`), or what `issuerOf` throws. A token that is bound to a
   * key (`cnf.jkt`) is refused unless `provenKey` is the thumbprint of that key.
   */
  authenticate(token: string, provenKey?: string): Promise<Principal>
  /**
   * The same for a client assertion (RFC 7523): signed by a trusted issuer like any other token, but made for this
   * authentication alone. Its audience is the gateway's issuer identifier (rfc7523bis), whatever audiences the document
   * lists, so that no bearer token passes as one; it lives at most ten minutes and has a `jti`, which the caller must claim.
   */
  authenticateAssertion(assertion: string): Promise<Principal & { tokenId: string }>
  /** For health: what is known of the trusted issuers asked so far, by URL, and how many verified tokens are held. */
  status(): { issuers: Record<string, IssuerStatus>; cachedTokens: number }
}

const boundToOther = ({ issuerName }: { issuerName: string }): Failure => ({ issuerName, why: refused('token_bound') })

/** As long as an issuer's own clock and a retry may need; a token that lives longer was made for something else. */
const MAX_ASSERTION_SECONDS = 600

/** The front door's authentication, behind a cache of verified tokens. */
export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const { issuerOf, fetchJson, now, cloud = 'AzurePublic', assertionAudience } = deps
  const directory = createIssuerDirectory({ fetchJson, now, cloud })
  const { verify, stillHolds } = createTokenVerifier({ issuerOf, directory, now })
  const assertions = createTokenVerifier({ issuerOf: (iss) => forAssertions(issuerOf(iss)), directory, now })
  const cache = createTokenCache()

  async function recall(token: string): Promise<VerifiedToken | undefined> {
    // T29: not even hashed.
    if (token.length > LIMITS.maxTokenBytes) return undefined
    const verified = cache.recall(token)
    if (!verified || (await stillHolds(verified))) return verified
    cache.forget(token)
    return undefined
  }

  async function verifyAndRemember(token: string): Promise<VerifiedToken> {
    const outcome = await verify(token)
    if ('why' in outcome) return reject(outcome)
    cache.remember(token, outcome)
    return outcome
  }

  /** The document as it counts for assertions: one audience, one string, a short life. */
  function forAssertions(issuer: TrustedIssuer | undefined): TrustedIssuer | undefined {
    if (!issuer || assertionAudience === undefined) return undefined
    const maxLifetimeSeconds = Math.min(issuer.maxLifetimeSeconds ?? MAX_ASSERTION_SECONDS, MAX_ASSERTION_SECONDS)
    return { ...issuer, audiences: [assertionAudience], audienceArray: false, maxLifetimeSeconds }
  }

  function reject({ issuerName, why }: Failure): never {
    const reason = isRefused(why) ? why.refused : why.unavailable
    deps.refused(issuerName, reason)
    if (isRefused(why)) throw new GatewayError('invalid_token', reason)
    throw new GatewayError('issuer_unavailable', reason, { retryAfterSeconds: why.retryAfterSeconds })
  }

  /** Without a policy every issuer asked so far counts: health says that by itself. */
  function isListed(issuer: string): boolean {
    try {
      return issuerOf(issuer) !== undefined
    } catch {
      return true
    }
  }

  return {
    async authenticate(token, provenKey) {
      const { identity } = (await recall(token)) ?? (await verifyAndRemember(token))
      // Asked anew each time: the cache remembers the token, not who may use it.
      if (identity.boundTo !== undefined && identity.boundTo !== provenKey) return reject(boundToOther(identity))
      return Object.freeze({ ...identity, validatedAt: now() })
    },
    async authenticateAssertion(assertion) {
      const outcome = await assertions.verify(assertion)
      if ('why' in outcome) return reject(outcome)
      const { identity } = outcome
      if (identity.boundTo !== undefined) return reject(boundToOther(identity))
      const { jti } = identity.claims
      // Not Entra's `uti`: what the issuer does not call a `jti`, nobody promised to be one of a kind (RFC 7519 §4.1.7).
      if (typeof jti !== 'string' || jti === '') {
        return reject({ issuerName: identity.issuerName, why: refused('token_id_malformed') })
      }
      return Object.freeze({ ...identity, tokenId: jti, validatedAt: now() })
    },
    status: () => {
      const asked = Object.entries(directory.status()).filter(([issuer]) => isListed(issuer))
      return { issuers: Object.fromEntries(asked), cachedTokens: cache.size() }
    },
  }
}
