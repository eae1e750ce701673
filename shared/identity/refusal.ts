/**
 * Why a token is refused: stable internal tags for log, journal (`refused` entries) and operators. None of them reaches
 * the wire: there every one is the same `invalid_token`.
 */
export const REFUSALS = {
  token_too_long: 'more than 16 KiB',
  token_not_jwt: 'not three parts of canonical base64url',
  token_not_json: 'header or payload is not one JSON object in UTF-8, without duplicate keys and deep nesting',
  header_key_source: 'the header brings or points at a key (jku, jwk, x5u, x5c)',
  header_extension: 'the header asks for processing that we do not do (crit, b64, zip, enc, cty)',
  typ_not_allowed: 'another kind of JWT: `typ` is neither JWT nor absent',
  alg_not_allowed: 'the algorithm is not in the list of the issuer',
  kid_missing: 'no key id',
  kid_malformed: 'the key id is not a short plain string',
  issuer_missing: '`iss` is not a string',
  issuer_not_trusted: 'no document trusts this exact issuer',
  issuer_not_entra: 'the document says `entra` but its issuer is not the tenant of any Azure cloud',
  issuer_not_https: 'the issuer of the document is not a plain https URL, so its keys cannot be found',
  changed_meanwhile: 'trust, time or key changed while the token was checked',
  audience_not_exact: '`aud` is not one string out of the list of the issuer',
  time_malformed: '`exp`, `iat` or `nbf` is missing or not a time',
  token_expired: '`exp` has passed',
  token_not_yet_valid: '`nbf` or `iat` lies in the future',
  lifetime_too_long: 'lives longer than the issuer may grant',
  id_token: 'an ID token or another answer to a login (nonce, at_hash, c_hash, s_hash)',
  event_token: 'a logout or security event token (events)',
  token_bound: 'bound to a key (cnf) that was not proved with it, or in a way that cannot be proved here',
  token_not_bound: 'sent under the scheme DPoP, but bound to no key',
  subject_malformed: '`sub` is missing, too long or holds control characters',
  token_id_malformed: '`jti` or `uti` is not a short string',
  claims_inexact: 'a claim cannot be kept as it was signed (numbers beyond 2^53, broken Unicode)',
  tenant_mismatch: '`tid` is not the tenant of the issuer',
  version_mismatch: '`ver` is not the version of the issuer',
  object_id_malformed: '`oid` is not a GUID',
  app_missing: 'no `appid` (v1) or `azp` (v2): not an access token',
  caller_kind_unclear: 'neither clearly an application nor clearly a user (idtyp, scp, oid, sub)',
  groups_malformed: '`groups` is not a list of strings',
  roles_malformed: '`roles` is not a list of strings, or not all of them are in the token',
  kid_unknown: 'the issuer publishes no such key',
  key_unusable: 'the published key is weak, malformed, ambiguous, or meant for another use, algorithm or issuer',
  signature_invalid: 'the signature does not verify',
} as const

export type Refusal = keyof typeof REFUSALS

/** Why the keys of an issuer cannot be had: internal tags beside `issuer_unavailable`, and counted like refusals. */
export const OUTAGES = {
  issuer_unreachable: 'the last read of its keys failed',
  issuer_breaker_open: 'reading failed three times; not tried again before the pause is over',
  issuer_has_no_keys: 'it publishes an empty set',
} as const

export type Outage = keyof typeof OUTAGES

export type Refused = { refused: Refusal }

export const refused = (reason: Refusal): Refused => ({ refused: reason })

export const isRefused = (value: unknown): value is Refused =>
  typeof value === 'object' && value !== null && 'refused' in value
