import type { JWTPayload } from 'jose'
import { hashToken } from '../audit/token-hash.ts'
import { GatewayError } from '../errors.ts'
import type { Principal } from '../identity/principal.ts'
import type { Obligations, RequestContext } from '../policy/decision.ts'
import type { JwtTarget } from '../policy/target.ts'
import type { BlastRadius } from './blast-radius.ts'
import type { Act } from './delegation.ts'
import type { Signer } from './keys/signer.ts'
import { boundLifetime, TOO_SHORT } from './lifetime.ts'
import { narrowScope } from './scope.ts'

/** RFC 9068 §2.1: keeps access tokens apart from every other kind of JWT. */
export const ACCESS_TOKEN_TYP = 'at+jwt'

export type JwtWish = {
  txn: string
  jti: string
  /** `iss`: the setting, never the host that was called. */
  issuer: string
  subject: Principal
  /** Who acts for the subject, when somebody else does. */
  actor: Principal | undefined
  /** When the first of the tokens ends that this one rests on, milliseconds since the epoch. */
  notAfter: number
  /** Who acts, outermost first; absent when nobody acts for the subject. */
  act?: Act | undefined
  target: JwtTarget
  /** Space-separated; all of the target's scopes when absent. */
  scope?: string | undefined
  ttlSeconds?: number | undefined
  context: RequestContext
  obligations: Obligations
  /** Milliseconds since the epoch. */
  now: number
}

/** Everything about a token but its signature. */
export type JwtPlan = { claims: JWTPayload & { exp: number; jti: string }; blastRadius: BlastRadius }

/**
 * RFC 9068 claims of a gateway-signed access token, no wider and no longer than every bound allows. Pure. Throws
 * `invalid_scope` or `invalid_request` (less than a second left).
 */
export function planJwt(wish: JwtWish): JwtPlan {
  const { txn, jti, issuer, subject, actor, act, target, obligations, now } = wish
  const scopes = narrowScope(wish.scope, target.token.scopes)
  if (!scopes) throw new GatewayError('invalid_scope', 'scope_not_offered')
  const maxSeconds = [wish.ttlSeconds, obligations.maxTtlSeconds, target.token.maxTtlSeconds]
  const lifetime = boundLifetime({ now, maxSeconds, notAfter: wish.notAfter })
  if (!lifetime) throw new GatewayError('invalid_request', 'lifetime_too_short', { detail: TOO_SHORT })
  const scope = scopes.join(' ')
  const aud = target.token.audience
  const jkt = wish.context.dpopThumbprint
  return {
    claims: {
      iss: issuer,
      sub: subject.id,
      aud,
      client_id: (actor ?? subject).id,
      ...lifetime,
      jti,
      txn,
      target: target.name,
      ...(scope && { scope }),
      ...(jkt !== undefined && { cnf: { jkt } }),
      ...(act && { act }),
      // What comes of it later must not exceed the grant.
      ...(subject.through && { grant: subject.through.chain.at(-1) }),
      // It dies with the actor's grant, too, whose limits are none of the subject's.
      ...(actor?.through && { actor_grant: actor.through.chain.at(-1) }),
    },
    blastRadius: {
      expiresAt: new Date(lifetime.exp * 1_000).toISOString(),
      revocable: REVOCABLE,
      scope,
      boundTo: [`audience:${aud}`, ...(jkt === undefined ? [] : [`key:${jkt}`])],
      issuedAs: subject.id,
    },
  }
}

/** `/oauth2/revoke` ends it for who asks `/oauth2/introspect`; a verifier that looks at the signature alone learns nothing of it. */
const REVOCABLE = 'introspection'

/** Signs a planned token; `tokenHash` is what the journal keeps of it. */
export async function signJwt({ claims }: JwtPlan, signer: Signer): Promise<{ token: string; tokenHash: string }> {
  const token = await signer.sign(claims, ACCESS_TOKEN_TYP)
  return { token, tokenHash: hashToken(token) }
}
