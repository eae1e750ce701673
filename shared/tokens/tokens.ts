import { randomUUID } from 'node:crypto'
import type { Ask, Grant } from '../gate.ts'
import type { Principal } from '../identity/principal.ts'
import type { RequestContext } from '../policy/decision.ts'
import type { BlastRadius } from './blast-radius.ts'
import { signJwt } from './jwt-token.ts'
import type { JwkSet, KeyRing } from './keys/key-ring.ts'
import { type PlannedToken, planToken } from './plan-token.ts'
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
}

export type IssuedToken = {
  token: string
  target: string
  /** Whole seconds from now. */
  expiresInSeconds: number
  blastRadius: BlastRadius
}

export type TokensDeps = {
  keys: KeyRing
  /** `iss` of what we sign. */
  issuer: string
  now: () => number
  policy: { current(): TargetDirectory; refresh(): Promise<void> }
}

export type Tokens = {
  /**
   * The question for the door. A target that does not exist is asked about like one that does, so that nobody without
   * permission can tell: the same answer after the same calls (T20). Throws `no_policy` or `policy_unavailable`.
   */
  ask(wish: TokenWish): Promise<Ask<PlannedToken>>
  /** Spends the Grant and signs. The intent names the `jti`, so the result may follow. */
  issue(grant: Grant<PlannedToken>): Promise<IssuedToken>
  /** Public keys; throws `keys_unavailable`. */
  jwks(): Promise<JwkSet>
}

/** Tokens of every kind: the question, and what a Grant for it makes. */
export function createTokens({ keys, issuer, now, policy }: TokensDeps): Tokens {
  return {
    async ask(wish) {
      const { txn, subject, caller, context } = wish
      const { action, name } = findTarget(policy.current(), wish.target)
      // The door reads the policy revision before it decides a MUTATE question; without this a denial would come sooner
      // for a read target, and tell that it exists.
      if (action === 'token:issue') await policy.refresh()
      const actor = caller.id === subject.id ? undefined : caller
      const expiresFirst = Math.min(subject.expiresAt, caller.expiresAt)
      const wanted = { ...wish, action, name, issuer, jti: randomUUID(), actor, notAfter: expiresFirst }
      return {
        txn,
        principal: subject,
        ...(actor && { actor }),
        action,
        resource: `token/${name}`,
        context,
        prepare: (obligations) => planToken(wanted, { directory: policy.current(), keys, obligations, now: now() }),
      }
    },
    async issue(grant) {
      const { action, resource, target, plan, signer } = grant.sealed
      grant.spend(action, resource)
      try {
        const { token, tokenHash } = await signJwt(plan, signer)
        const { exp, jti } = plan.claims
        grant.succeeded({ jti, tokenHash, expiresAt: plan.blastRadius.expiresAt })
        const expiresInSeconds = Math.max(0, exp - Math.floor(now() / 1_000))
        return { token, target, expiresInSeconds, blastRadius: plan.blastRadius }
      } catch (error) {
        grant.failed(error)
        throw error
      }
    },
    jwks: () => keys.jwks(),
  }
}
