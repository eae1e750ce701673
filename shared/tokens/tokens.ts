import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { GatewayError } from '../errors.ts'
import type { Ask, Grant } from '../gate.ts'
import type { Principal } from '../identity/principal.ts'
import type { Decision, Question, RequestContext } from '../policy/decision.ts'
import type { JwkSet, KeyRing } from './keys/key-ring.ts'
import type { MintedToken } from './kinds/kind.ts'
import type { OwnToken, OwnTokens } from './own-token.ts'
import { isPassedToken } from './passed-token.ts'
import { type Kinds, type PlannedToken, planToken } from './plan-token.ts'
import { findTarget, type TargetDirectory, type TargetName } from './target-name.ts'

/** What somebody wants, from either route; checked for form only. */
export type TokenWish = {
  txn: string
  /** Whom the token will speak about; decided on. */
  subject: Principal
  /** Who calls. Another principal than the subject becomes its actor and needs the same permission itself. */
  caller: Principal
  context: RequestContext
  target: TargetName
  scope?: string | undefined
  ttlSeconds?: number | undefined
  /** Narrows storage targets; no other kind takes it. */
  path?: string | undefined
  /** A token that the caller passed for the target to use (passed-token.ts). */
  passed?: string
  /** The subject token, when it is an access token of ours. */
  exchanged?: OwnToken
}

/** What an answer is made of. */
export type IssuedToken = Omit<MintedToken, 'handout'> & {
  target: string
  /** Whole seconds from now. */
  expiresInSeconds: number
}

export type TokensDeps = {
  keys: Pick<KeyRing, 'jwks'>
  kinds: Kinds
  own: OwnTokens
  /** The gateway's own `iss`. */
  issuer: string
  /** `aud` of assertions for Entra in this cloud: what a passed token is for. */
  exchangeAudience: string
  /** What the policy says now, unrecorded. */
  decide: (question: Question) => Decision
  now: () => number
  policy: { current(): TargetDirectory; refresh(): Promise<void> }
}

export type Tokens = {
  /**
   * The question for the door. A target that does not exist is asked about like one that does, so that nobody without
   * permission can tell: the same answer after the same calls (T20). Throws `no_policy` or `policy_unavailable`.
   */
  ask(wish: TokenWish): Promise<Ask<PlannedToken>>
  /** Spends the Grant and makes the token; where only the token itself identifies it, its RESULT is durable before this resolves. */
  issue(grant: Grant<PlannedToken>): Promise<IssuedToken>
  /** Access tokens of ours that come back. */
  own: OwnTokens
  /** Whether a subject token is passed for a target to use, and speaks about nobody who calls. By its unverified words. */
  isPassed(token: string): boolean
  /** Public keys; throws `keys_unavailable`. */
  jwks(): Promise<JwkSet>
}

/** Tokens of every kind: the question, and what a Grant for it makes. */
export function createTokens({ keys, kinds, own, issuer, exchangeAudience, ...deps }: TokensDeps): Tokens {
  const { decide, now, policy } = deps
  const permits = (question: Question) => decide(question).effect === 'permit'
  return {
    async ask(wish) {
      const { txn, subject, caller, context } = wish
      const { action, name } = findTarget(policy.current(), wish.target)
      // The door reads the policy revision before it decides a MUTATE question; without this a denial would come sooner
      // for a read target, and tell that it exists.
      if (action === 'token:issue') await policy.refresh()
      const actor = caller.id === subject.id ? undefined : caller
      const expiresFirst = Math.min(subject.expiresAt, caller.expiresAt)
      const wanted = { ...wish, action, name, jti: randomUUID(), actor, notAfter: expiresFirst }
      return {
        txn,
        principal: subject,
        ...(actor && { actor }),
        action,
        resource: `token/${name}`,
        context,
        prepare: (obligations) =>
          planToken(wanted, { directory: policy.current(), kinds, issuer, permits, obligations, now: now() }),
      }
    },
    async issue(grant) {
      const { target, identifiedBy, mint } = grant.sealed
      try {
        // The door looks at policy again after the intent of a write token; so must whoever makes it at the target itself.
        if (!isDeepStrictEqual(policy.current().target(target.name), target)) throw targetChanged()
        const { handout, ...minted } = await mint(grant)
        if (identifiedBy === 'result') await grant.succeededDurably(handout)
        else grant.succeeded(handout)
        const left = Date.parse(minted.blastRadius.expiresAt) - now()
        return { ...minted, target: target.name, expiresInSeconds: Math.max(0, Math.floor(left / 1_000)) }
      } catch (error) {
        throw grant.failed(error)
      }
    },
    own,
    isPassed: (token) => isPassedToken(token, exchangeAudience),
    jwks: () => keys.jwks(),
  }
}

const targetChanged = () => new GatewayError('policy_unavailable', 'target_changed_meanwhile', { retryAfterSeconds: 1 })
