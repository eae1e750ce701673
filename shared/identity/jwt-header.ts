import type { JsonObject } from './jwt.ts'
import { type Refused, refused } from './refusal.ts'

/** Refused although the verifier would ignore them, so that the attempt is counted (T2). */
export const FOREIGN_KEY_SOURCES = ['jku', 'x5u', 'x5c']

const KEY_SOURCES = ['jwk', ...FOREIGN_KEY_SOURCES]

export const EXTENSIONS = ['crit', 'b64', 'zip', 'enc', 'cty']

/** A kid is only ever compared in memory; the pattern keeps log and journal clean (T3). */
export const KID = /^[A-Za-z0-9_\-.=+/]{1,128}$/

/**
 * Rules of a caller token's header that hold for every issuer. `typ` must be JWT or absent, so `at+jwt`, `grant+jwt`,
 * `subject+jwt`, `dpop+jwt`, `logout+jwt` and every later kind of ours or of others stays outside (T6).
 */
export function checkHeader(header: JsonObject): { alg: string; kid: string } | Refused {
  if (KEY_SOURCES.some((name) => Object.hasOwn(header, name))) return refused('header_key_source')
  if (EXTENSIONS.some((name) => Object.hasOwn(header, name))) return refused('header_extension')
  const { typ, alg, kid } = header as { typ?: unknown; alg?: unknown; kid?: unknown }
  if (typ !== undefined && (typeof typ !== 'string' || typ.toLowerCase() !== 'jwt')) return refused('typ_not_allowed')
  if (typeof alg !== 'string') return refused('alg_not_allowed')
  if (kid === undefined) return refused('kid_missing')
  if (typeof kid !== 'string' || !KID.test(kid)) return refused('kid_malformed')
  return { alg, kid }
}
