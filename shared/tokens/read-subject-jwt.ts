import { GatewayError } from '../errors.ts'
import { isJsonObject } from '../identity/jwt.ts'
import type { Principal } from '../identity/principal.ts'
import type { OwnTokens } from './own-token.ts'
import { readCaller } from './subject-claims.ts'
import { findTarget, type TargetDirectory, type TargetName } from './target-name.ts'

type Directory = TargetDirectory & { issuerOf(iss: string): { name: string } | undefined }

/** The parts of the gateway that are needed. */
export type ReadSubjectDeps = {
  config: { issuer: string }
  tokens: { own: Pick<OwnTokens, 'read' | 'isRevoked'> }
  policy: { fresh(): Promise<void>; current(): Directory }
  /** What every other token has to pass. */
  authenticate(token: string, provenKey?: string): Promise<Principal>
  withinRate(principal: Principal): Principal
}

/**
 * Authenticates the subject of a request for one target. A `subject+jwt` of ours stands for the caller it was made for, for
 * its own target and no other; everything else passes the gate of callers. Throws `invalid_token` with the reason for the
 * log, and what says that nobody can tell now.
 */
export function subjectAuthenticator(wanted: TargetName, gateway: ReadSubjectDeps) {
  const { own } = gateway.tokens
  return async (token: string, provenKey?: string): Promise<Principal> => {
    const subject = await own.read(token, 'subject+jwt')
    if (!subject) return gateway.authenticate(token, provenKey)
    await gateway.policy.fresh()
    const directory = gateway.policy.current()
    const { claims, target } = subject
    const { name } = findTarget(directory, wanted)
    if (claims['aud'] !== gateway.config.issuer) throw refused('subject_audience')
    if (name !== target || directory.target(name)?.token.kind !== 'google') throw refused('subject_for_another_target')
    const { cnf } = claims
    if (cnf !== undefined && !(isJsonObject(cnf) && cnf['jkt'] === provenKey)) throw refused('subject_bound')
    const caller = readCaller(claims)
    if (!caller || caller.id !== subject.sub) throw refused('subject_malformed')
    gateway.withinRate(caller)
    if (await own.isRevoked(subject)) throw refused('subject_revoked')
    // The issuer may have lost its trust since: then its callers have, too.
    const trusted = directory.issuerOf(String(caller.claims['iss']))
    if (trusted?.name !== caller.issuerName) throw refused('subject_issuer_not_trusted')
    return { ...caller, ...(provenKey !== undefined && cnf !== undefined && { boundTo: provenKey }) }
  }
}

const refused = (reason: string) => new GatewayError('invalid_token', reason)
