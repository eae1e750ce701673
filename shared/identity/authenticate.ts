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
}

export type Authenticator = {
  /**
   * Makes a principal of a caller's token. Throws GatewayError `invalid_token` (its reason is one of REFUSALS),
   * `issuer_unavailable` (one of OUTAGES, with `retryAfterSeconds`), or what `issuerOf` throws. A token that is bound to a
   * key (`cnf.jkt`) is refused unless `provenKey` is the thumbprint of that key.
   */
  authenticate(token: string, provenKey?: string): Promise<Principal>
  /** For health: what is known of the trusted issuers asked so far, by URL, and how many verified tokens are held. */
  status(): { issuers: Record<string, IssuerStatus>; cachedTokens: number }
}

const boundToOther = ({ issuerName }: { issuerName: string }): Failure => ({ issuerName, why: refused('token_bound') })

/** The front door's authentication, behind a cache of verified tokens. */
export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const { issuerOf, fetchJson, now, cloud = 'AzurePublic' } = deps
  const directory = createIssuerDirectory({ fetchJson, now, cloud })
  const { verify, stillHolds } = createTokenVerifier({ issuerOf, directory, now })
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
    status: () => {
      const asked = Object.entries(directory.status()).filter(([issuer]) => isListed(issuer))
      return { issuers: Object.fromEntries(asked), cachedTokens: cache.size() }
    },
  }
}
