import { isDeepStrictEqual } from 'node:util'
import type { CloudName } from '../azure/clouds.ts'
import { GatewayError } from '../errors.ts'
import type { FetchJson } from './fetch-json.ts'
import type { TrustedIssuer } from './issuer.ts'
import { createIssuerDirectory, type IssuerDirectory } from './issuer-directory.ts'
import type { Unavailable } from './issuer-keys.ts'
import { parseJwt } from './jwt.ts'
import { checkTimes } from './jwt-times.ts'
import { LIMITS } from './limits.ts'
import type { Principal } from './principal.ts'
import { isRefused, type Refused, refused } from './refusal.ts'
import { checkSignature } from './signature.ts'
import { createTokenCache, type VerifiedToken } from './token-cache.ts'
import { checkToken } from './token-check.ts'

export type AuthenticatorDeps = {
  /** The trusted document of exactly this `iss`; may throw GatewayError `no_policy` or `policy_unavailable`. */
  issuerOf(iss: string): TrustedIssuer | undefined
  fetchJson: FetchJson
  now(): number
  /** Counts for the journal's `refused` entries; the name is `unknown` while no trusted issuer is known. Must not throw. */
  refused(issuerName: string, reason: string): void
  /** Where the tenants of v1 issuers live that two clouds share. */
  cloud?: CloudName
}

export type Authenticator = {
  /**
   * Makes a principal of a caller's token. Throws GatewayError `invalid_token` (one of REFUSALS as its reason),
   * `issuer_unavailable` (with `retryAfterSeconds`), or what `issuerOf` throws.
   */
  authenticate(token: string): Promise<Principal>
  /** For health: keys by issuer URL, and how many verified tokens are held. */
  status(): { issuers: ReturnType<IssuerDirectory['status']>; cachedTokens: number }
}

/** Who failed, as far as it is known, and why. */
type Failure = { issuerName: string; why: Refused | Unavailable }

type Outcome = VerifiedToken | Failure

const failure = (issuerName: string, why: Refused | Unavailable): Failure => ({ issuerName, why })

/** The front door's authentication: shape, trusted issuer, claims, key, signature, in this order; nothing before trust costs a network call. */
export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const { issuerOf, now } = deps
  const directory = createIssuerDirectory({ fetchJson: deps.fetchJson, now, cloud: deps.cloud ?? 'AzurePublic' })
  const cache = createTokenCache()

  /** A verified token is asked again for everything that may have changed since: trust, time, key. */
  async function recall(token: string): Promise<VerifiedToken | undefined> {
    const verified = cache.recall(token)
    if (!verified) return undefined
    const freshening = verified.keys.freshen()
    if (freshening) await freshening
    if (isStillGood(verified)) return verified
    cache.forget(token)
    return undefined
  }

  function isStillGood(verified: VerifiedToken): boolean {
    const issuer = issuerOf(verified.iss)
    if (!issuer || !isSameDocument(issuer, verified.issuer)) return false
    verified.issuer = issuer
    return !checkTimes(verified.times, now()) && verified.keys.vouchesFor(verified.kid, verified.key)
  }

  async function verify(token: string): Promise<Outcome> {
    const jwt = parseJwt(token)
    if (isRefused(jwt)) return failure('unknown', jwt)
    const { iss } = jwt.payload
    if (typeof iss !== 'string') return failure('unknown', refused('issuer_missing'))
    const issuer = issuerOf(iss)
    if (issuer?.issuer !== iss) return failure('unknown', refused('issuer_not_trusted'))
    const candidate = checkToken(jwt, issuer, now())
    if (isRefused(candidate)) return failure(issuer.name, candidate)
    const { kid, algorithm, times, identity } = candidate
    const keys = directory.keysOf(issuer)
    if (!keys) return failure(issuer.name, refused('issuer_not_https'))
    const key = await keys.find(kid)
    if (!('fingerprint' in key)) return failure(issuer.name, key)
    if (key.algorithm !== algorithm) return failure(issuer.name, refused('key_unusable'))
    const forged = await checkSignature({ token, key, issuer, now: now() })
    if (forged) return failure(issuer.name, refused(forged))
    const verified = { identity, issuer, iss, times, kid, key, keys }
    if (!isStillGood(verified)) return failure(issuer.name, refused('changed_meanwhile'))
    return verified
  }

  function reject({ issuerName, why }: Failure): never {
    const reason = isRefused(why) ? why.refused : why.unavailable
    deps.refused(issuerName, reason)
    if (isRefused(why)) throw new GatewayError('invalid_token', reason)
    throw new GatewayError('issuer_unavailable', reason, { retryAfterSeconds: why.retryAfterSeconds })
  }

  return {
    async authenticate(token) {
      const known = token.length <= LIMITS.maxTokenBytes ? await recall(token) : undefined
      const outcome = known ?? (await verify(token))
      if ('why' in outcome) return reject(outcome)
      if (!known) cache.remember(token, outcome)
      return Object.freeze({ ...outcome.identity, validatedAt: now() })
    },
    status: () => ({ issuers: directory.status(), cachedTokens: cache.size() }),
  }
}

/** A reload of the policy set makes new objects of unchanged documents. */
const isSameDocument = (one: TrustedIssuer, other: TrustedIssuer) => one === other || isDeepStrictEqual(one, other)
