import { type KeyRules, readJwk } from './jwk.ts'
import { isJsonObject } from './jwt.ts'
import { LIMITS } from './limits.ts'
import { createVerificationKey, type VerificationKey } from './verification-key.ts'

/** By kid; `unusable` = published, but nothing may be verified with it. */
export type KeySet = ReadonlyMap<string, VerificationKey | 'unusable'>

/**
 * Reads a JWK set (RFC 7517 §5). `undefined` when it is none or has more than 100 keys. A kid that stands for two
 * different keys is ambiguous, so unusable. A key that `before` has too stays the same object: cached tokens hold on to it.
 */
export function readKeySet(document: unknown, rules: KeyRules, before?: KeySet): KeySet | undefined {
  const members = isJsonObject(document) ? document['keys'] : undefined
  if (!Array.isArray(members) || members.length > LIMITS.maxKeys) return undefined
  const keys = new Map<string, VerificationKey | 'unusable'>()
  for (const member of members) {
    const read = readJwk(member, rules)
    if (!read) continue
    const key = 'unusable' in read ? 'unusable' : createVerificationKey(read)
    const twin = keys.get(read.kid)
    keys.set(read.kid, twin === undefined || equal(twin, key) ? key : 'unusable')
  }
  for (const [kid, key] of keys) {
    const old = before?.get(kid)
    if (old && equal(old, key)) keys.set(kid, old)
  }
  return keys
}

const equal = (one: VerificationKey | 'unusable', other: VerificationKey | 'unusable') =>
  one !== 'unusable' && other !== 'unusable' && one.fingerprint === other.fingerprint
