import { randomUUID } from 'node:crypto'
import { hashToken } from '../audit/token-hash.ts'
import { GatewayError } from '../errors.ts'
import type { Ask, Gate, Grant, Prepared } from '../gate.ts'
import type { Principal } from '../identity/principal.ts'
import type { Obligations, RequestContext } from '../policy/decision.ts'
import type { Signer } from './keys/signer.ts'
import { boundLifetime, TOO_SHORT } from './lifetime.ts'
import { writeCaller } from './subject-claims.ts'
import { actionOf, findTarget, type TargetDirectory, type TokenAction } from './target-name.ts'

/** Keeps it apart from access tokens and from what other clouds are shown (RFC 8725 §3.11). */
export const SUBJECT_TYP = 'subject+jwt'

/** A cloud's client library fetches it and exchanges it at once. */
const LIFETIME_SECONDS = 300

export type SubjectWish = { txn: string; principal: Principal; context: RequestContext; target: string }

export type SubjectTokenDeps = {
  signer(): Promise<Signer>
  admit: Gate['admit']
  /** The gateway's own `iss`, the token's issuer and its only audience. */
  issuer: string
  now(): number
  policy: { current(): TargetDirectory; refresh(): Promise<void> }
}

type Planned = { sign(grant: Grant): Promise<string>; handout: Prepared<never>['handout']; expiresIn: number }

/**
 * Makes the tokens of `GET /v1/subject-tokens/{target}`: what a caller of a `google` target shows at `/oauth2/token` when it
 * is a cloud's own client library that calls. Decided and recorded like the token it will be exchanged for, and decided
 * again there. Throws `access_denied` for everything that is no such target, in the words of what does not exist (T20).
 */
export function createSubjectTokens({ signer, admit, issuer, now, policy }: SubjectTokenDeps) {
  return async function obtain({ target, ...wish }: SubjectWish) {
    const { action, name } = findTarget(policy.current(), { name: target })
    // As in tokens.ts: a denial must not come sooner for a read target.
    if (action === 'token:issue') await policy.refresh()
    const isOffered = policy.current().target(name)?.token.kind === 'google'
    const prepare = (obligations: Obligations) => plan({ ...wish, name, action, obligations })
    const ask: Ask<Planned> = { ...wish, action, resource: `token/${name}`, prepare }
    const grant = await admit(ask).catch((error: unknown) => {
      throw isOffered ? error : asUnknown(error)
    })
    const { sign, handout, expiresIn } = grant.sealed
    try {
      const token = await sign(grant)
      grant.succeeded({ ...handout, tokenHash: hashToken(token) })
      return { token, expiresIn, receipt: grant.receipt }
    } catch (error) {
      throw grant.failed(error)
    }
  }

  type Order = Omit<SubjectWish, 'target'> & { name: string; action: TokenAction; obligations: Obligations }

  async function plan({ txn, principal, name, action, obligations }: Order): Promise<Prepared<Planned>> {
    const target = policy.current().target(name)
    if (target?.token.kind !== 'google') throw new GatewayError('access_denied', 'no_subject_token_target')
    if (actionOf(target) !== action) throw new GatewayError('access_denied', 'target_changed')
    // It would stand for the root alone: whoever exchanges it can present the grant itself.
    if (principal.through) throw new GatewayError('access_denied', 'no_subject_token_through_a_grant')
    const maxSeconds = [LIFETIME_SECONDS, obligations.maxTtlSeconds]
    const lifetime = boundLifetime({ now: now(), maxSeconds, notAfter: principal.expiresAt })
    if (!lifetime) throw new GatewayError('invalid_request', 'lifetime_too_short', { detail: TOO_SHORT })
    const jti = randomUUID()
    const own = { iss: issuer, aud: issuer, sub: principal.id, target: name, jti, txn, ...lifetime }
    const claims = { ...own, ...writeCaller(principal) }
    const key = await signer()
    const handout = { jti, expiresAt: new Date(lifetime.exp * 1_000).toISOString() }
    const sign = async (grant: Grant) => {
      grant.spend(action, `token/${name}`)
      return key.sign(claims, SUBJECT_TYP)
    }
    return { handout, sealed: { sign, handout, expiresIn: lifetime.exp - lifetime.iat } }
  }
}

export type ObtainSubjectToken = ReturnType<typeof createSubjectTokens>

/** An unmet obligation would tell that there is a target of another kind. */
function asUnknown(error: unknown): unknown {
  if (!(error instanceof GatewayError) || !HIDDEN.includes(error.code)) return error
  const { headers } = error.extras
  return new GatewayError('access_denied', error.reason, headers && { headers })
}

const HIDDEN: readonly string[] = [
  'reason_required',
  'ticket_required',
  'approval_required',
  'handle_required',
  'dpop_required',
]
