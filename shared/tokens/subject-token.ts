import { GatewayError } from '../errors.ts'
import { isJsonObject } from '../identity/jwt.ts'
import type { Principal, Through } from '../identity/principal.ts'
import type { Exchange } from './exchange-request.ts'
import { principalOf } from './own-principal.ts'
import type { OwnToken, OwnTokens } from './own-token.ts'
import { passingParties } from './passed-token.ts'

export type PartiesDeps = {
  authenticate(token: string, provenKey?: string): Promise<Principal>
  own: Pick<OwnTokens, 'read' | 'isRevoked'>
  /** passed-token.ts. */
  isPassed(token: string): boolean
  /** The limits of a grant by its id, while it is alive; throws `access_denied`, or what says that nobody can tell now. */
  throughOf(grant: string): Promise<Through>
}

/** Who takes part in an exchange. */
export type Parties = {
  subject: Principal
  /** Who calls, and acts unless it is the subject. */
  caller: Principal
  /** The subject token, when it is an access token of ours. */
  exchanged?: OwnToken
  /** A token that the caller passed for the target to use; then it speaks for itself. */
  passed?: string
}

/**
 * A token that came as a parameter passes the same gate as a caller's own: trusted issuer, and an audience that is this gateway.
 * Throws `invalid_subject_token` (RFC 8693 §2.2.2 wants `invalid_request`), or what says that nobody can tell now.
 */
export async function authenticateToken(
  token: string,
  { authenticate }: Pick<PartiesDeps, 'authenticate'>,
  provenKey?: string,
): Promise<Principal> {
  try {
    return await authenticate(token, provenKey)
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'invalid_token') throw error
    throw new GatewayError('invalid_subject_token', error.reason)
  }
}

/**
 * Subject and actor of an exchange whose caller authenticated apart. An actor token must be the caller's own: it proves once
 * more who acts, and lets nobody speak for a third party. Throws like {@link authenticateToken}.
 */
export async function readParties(
  exchange: Exchange,
  { principal: caller, provenKey }: { principal: Principal; provenKey: string | undefined },
  deps: PartiesDeps,
): Promise<Parties> {
  const { subjectToken, actorToken } = exchange
  if (deps.isPassed(subjectToken)) return passingParties(exchange, caller)
  const parties = await readSubject(subjectToken, provenKey, deps)
  if (actorToken === undefined) return { ...parties, caller }
  const actor = await authenticateToken(actorToken, deps, provenKey)
  if (actor.id !== caller.id) throw refused('actor_is_not_the_caller')
  return { ...parties, caller: { ...actor, expiresAt: Math.min(actor.expiresAt, caller.expiresAt) } }
}

/**
 * An access token of ours was made for another service and proves nothing here, so it never authenticates a caller. Whether it
 * may be exchanged at all is decided after the permit (exchangeable.ts).
 */
async function readSubject(token: string, provenKey: string | undefined, deps: PartiesDeps) {
  const exchanged = await deps.own.read(token, 'at+jwt')
  if (!exchanged) return { subject: await authenticateToken(token, deps, provenKey) }
  const { cnf } = exchanged.claims
  if (cnf !== undefined && !(isJsonObject(cnf) && cnf['jkt'] === provenKey)) throw refused('subject_bound')
  if (await deps.own.isRevoked(exchanged)) throw refused('subject_revoked')
  const subject = principalOf(exchanged)
  if (!subject) throw refused('subject_malformed')
  const { grant, actor_grant: actorGrant } = exchanged.claims
  if (actorGrant !== undefined) await limitsOf(String(actorGrant), deps)
  if (grant === undefined) return { subject, exchanged }
  return { subject: { ...subject, through: await limitsOf(String(grant), deps) }, exchanged }
}

/** A token that came through a grant stays within it, and dies with it. */
async function limitsOf(grant: string, { throughOf }: PartiesDeps): Promise<Through> {
  try {
    return await throughOf(grant)
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'access_denied') throw error
    throw refused(error.reason)
  }
}

const refused = (reason: string) => new GatewayError('invalid_subject_token', reason)
