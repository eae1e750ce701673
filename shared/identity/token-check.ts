import { freezeClaims } from './claims.ts'
import { entraPrincipal } from './entra-principal.ts'
import type { JwtAlgorithm, TrustedIssuer } from './issuer.ts'
import { isJsonObject, type Jwt } from './jwt.ts'
import { checkHeader } from './jwt-header.ts'
import { checkLifetime, checkTimes, readTimes, type TokenTimes } from './jwt-times.ts'
import { LIMITS } from './limits.ts'
import type { Principal } from './principal.ts'
import { isRefused, type Refusal, type Refused, refused } from './refusal.ts'

/** A principal but for the moment it was validated at. */
export type Identity = Omit<Principal, 'validatedAt'>

/** What the token claims, all rules kept; only its signature is still unproven. */
export type Candidate = { kid: string; algorithm: JwtAlgorithm; times: TokenTimes; identity: Identity }

/** Every rule of a caller's token that needs no key, in one place and before any network (RFC 8725 §3, T1–T6, T28). */
export function checkToken({ header, payload }: Jwt, issuer: TrustedIssuer, now: number): Candidate | Refused {
  const head = checkHeader(header)
  if (isRefused(head)) return head
  const algorithm = issuer.algorithms.find((name) => name === head.alg)
  if (!algorithm) return refused('alg_not_allowed')
  const otherKind = foreignKind(payload)
  if (otherKind) return refused(otherKind)
  const boundTo = readConfirmation(payload)
  if (isRefused(boundTo)) return boundTo
  if (!audienceFits(payload['aud'], issuer)) return refused('audience_not_exact')
  const times = readTimes(payload)
  if (isRefused(times)) return times
  const untimely =
    checkTimes(times, now) ?? checkLifetime(times, issuer.maxLifetimeSeconds ?? LIMITS.maxLifetimeSeconds)
  if (untimely) return refused(untimely)
  const identity = identify(payload, issuer, times)
  if (isRefused(identity)) return identity
  return { kid: head.kid, algorithm, times, identity: { ...identity, ...(boundTo !== undefined && { boundTo }) } }
}

/** JWTs that are signed by the same keys but were made for something else (RFC 8725 §2.8). */
function foreignKind(payload: Jwt['payload']): Refusal | undefined {
  const has = (name: string) => Object.hasOwn(payload, name)
  if (['nonce', 'at_hash', 'c_hash', 's_hash'].some(has)) return 'id_token'
  return has('events') ? 'event_token' : undefined
}

/** RFC 9449 §6.1. A certificate, or any other way to bind a token, is one that nobody here could check. */
function readConfirmation(payload: Jwt['payload']): string | undefined | Refused {
  if (!Object.hasOwn(payload, 'cnf')) return undefined
  const { cnf } = payload
  const jkt = isJsonObject(cnf) && Object.keys(cnf).length === 1 ? cnf['jkt'] : undefined
  return typeof jkt === 'string' && /^[A-Za-z0-9_-]{43}$/.test(jkt) ? jkt : refused('token_bound')
}

/** Exact and single: one of several audiences may be another service that could replay the token here (T6). */
function audienceFits(aud: unknown, { audiences, audienceArray, principal }: TrustedIssuer): boolean {
  const takesList = audienceArray === true && principal === 'oidc'
  const one = takesList && Array.isArray(aud) && aud.length === 1 ? aud[0] : aud
  return typeof one === 'string' && audiences.includes(one)
}

function identify(payload: Jwt['payload'], issuer: TrustedIssuer, times: TokenTimes): Identity | Refused {
  const { sub } = payload
  if (!isSubject(sub)) return refused('subject_malformed')
  const tokenId = (issuer.principal === 'entra' ? payload['uti'] : undefined) ?? payload['jti']
  if (tokenId !== undefined && !isTokenId(tokenId)) return refused('token_id_malformed')
  const claims = freezeClaims(payload)
  if (isRefused(claims)) return claims
  const facts = issuer.principal === 'entra' ? entraPrincipal(payload, issuer) : oidcPrincipal(sub, issuer)
  if (isRefused(facts)) return facts
  return {
    ...facts,
    issuerName: issuer.name,
    kind: issuer.principal,
    subject: sub,
    claims,
    ...(tokenId !== undefined && { tokenId }),
    expiresAt: times.exp * 1_000,
  }
}

/** Any other OIDC issuer: (issuer, subject) is the key. Groups and roles are Entra's; conditions may look at the claims. */
function oidcPrincipal(sub: string, { name }: TrustedIssuer) {
  return { id: `oidc:${name}:${Buffer.from(sub).toString('base64url')}`, groups: NONE, roles: NONE }
}

const NONE: readonly string[] = Object.freeze([])

/** C0, DEL, C1 and the marks that turn the direction of text: an id that shows as another one (T26). */
const DECEPTIVE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

const isPlain = (value: unknown, maxCharacters: number): value is string =>
  typeof value === 'string' &&
  value !== '' &&
  value.length <= maxCharacters &&
  value.isWellFormed() &&
  !DECEPTIVE.test(value)

const isSubject = (value: unknown): value is string => isPlain(value, LIMITS.maxSubjectCharacters)

const isTokenId = (value: unknown): value is string => isPlain(value, LIMITS.maxTokenIdCharacters)
