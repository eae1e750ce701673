import { isDeepStrictEqual } from 'node:util'
import type { TrustedIssuer } from './issuer.ts'
import type { IssuerDirectory } from './issuer-directory.ts'
import type { Unavailable } from './issuer-keys.ts'
import { parseJwt } from './jwt.ts'
import { checkTimes } from './jwt-times.ts'
import { isRefused, type Refused, refused } from './refusal.ts'
import { createSignatureCheck } from './signature.ts'
import type { VerifiedToken } from './token-cache.ts'
import { checkToken } from './token-check.ts'

/** Who failed, as far as it is known (`unknown` until a trusted issuer is), and why. */
export type Failure = { issuerName: string; why: Refused | Unavailable }

export type TokenVerifier = {
  /** The whole way; rejects only with what `issuerOf` throws. */
  verify(token: string): Promise<VerifiedToken | Failure>
  /** Asks a verified token again for everything that may have changed since: trust, time, key. */
  stillHolds(verified: VerifiedToken): Promise<boolean>
}

type Deps = {
  issuerOf(iss: string): TrustedIssuer | undefined
  directory: Pick<IssuerDirectory, 'keysOf'>
  now(): number
}

const fail = (issuerName: string, why: Refused | Unavailable): Failure => ({ issuerName, why })

/** Shape, trusted issuer, claims, key, signature, in this order: nothing before trust costs a network call (T2, T29). */
export function createTokenVerifier({ issuerOf, directory, now }: Deps): TokenVerifier {
  const checkSignature = createSignatureCheck()

  async function verify(token: string): Promise<VerifiedToken | Failure> {
    const jwt = parseJwt(token)
    if (isRefused(jwt)) return fail('unknown', jwt)
    const { iss } = jwt.payload
    if (typeof iss !== 'string') return fail('unknown', refused('issuer_missing'))
    const issuer = issuerOf(iss)
    if (issuer?.issuer !== iss) return fail('unknown', refused('issuer_not_trusted'))
    const candidate = checkToken(jwt, issuer, now())
    if (isRefused(candidate)) return fail(issuer.name, candidate)
    const { kid, algorithm, times, identity } = candidate
    const keys = directory.keysOf(issuer)
    if (!keys) return fail(issuer.name, refused('issuer_not_https'))
    const key = await keys.find(kid)
    if (!('fingerprint' in key)) return fail(issuer.name, key)
    if (key.algorithm !== algorithm) return fail(issuer.name, refused('key_unusable'))
    const forged = await checkSignature({ token, key, issuer, now: now() })
    if (forged) return fail(issuer.name, refused(forged))
    const verified = { identity, issuer, iss, times, kid, key, keys }
    const holds = isTrusted(verified) && keys.vouchesFor(kid, key)
    return holds ? verified : fail(issuer.name, refused('changed_meanwhile'))
  }

  /** By the document in force now, and in time. A reload of the policy set makes new objects of unchanged documents. */
  function isTrusted(verified: VerifiedToken): boolean {
    const issuer = issuerOf(verified.iss)
    if (!issuer || !(issuer === verified.issuer || isDeepStrictEqual(issuer, verified.issuer))) return false
    verified.issuer = issuer
    return !checkTimes(verified.times, now())
  }

  async function stillHolds(verified: VerifiedToken): Promise<boolean> {
    if (!isTrusted(verified)) return false
    const freshening = verified.keys.freshen()
    if (freshening) {
      await freshening
      if (!isTrusted(verified)) return false
    }
    return verified.keys.vouchesFor(verified.kid, verified.key)
  }

  return { verify, stillHolds }
}
