import { hash } from 'node:crypto'
import type { CryptoKey } from 'jose'
import { type JsonObject, parseJwt } from '../jwt.ts'
import { EXTENSIONS, FOREIGN_KEY_SOURCES } from '../jwt-header.ts'
import { LIMITS } from '../limits.ts'
import { isRefused } from '../refusal.ts'
import { comparableUri } from './http-uri.ts'
import { PROOF_ALGORITHMS, readProofKey } from './proof-key.ts'

/** Why a proof is refused: stable internal tags for the log; on the wire every one is `invalid_dpop_proof`. */
export const PROOF_FAULTS = {
  proof_missing: 'the DPoP scheme without a proof',
  proof_several: 'more than one DPoP header',
  proof_malformed: 'no JWT by the strict rules',
  proof_typ: '`typ` is not dpop+jwt',
  proof_alg: 'the algorithm is not one of ours',
  proof_extension: 'the header asks for processing that we do not do, or points at a key',
  proof_private_key: 'the header brings a private key',
  proof_key: 'no key in the header, or one that is weak, malformed or for another use',
  proof_claims: '`jti`, `htm`, `htu` or `iat` is missing or malformed',
  proof_method: '`htm` is another method',
  proof_uri: '`htu` is another URI',
  proof_time: '`iat` is more than a minute off',
  proof_token_hash: '`ath` is missing, or the hash of another token',
  proof_signature: 'the signature does not verify',
  proof_replayed: 'this proof was used before',
} as const

export type ProofFault = keyof typeof PROOF_FAULTS

/** The request that a proof must be about. */
export type ProvedRequest = {
  method: string
  /** Absolute, as its caller must have called it: never out of Host. */
  uri: string
  /** The token of `Authorization`, if one came. */
  token?: string | undefined
  /** At the token endpoint a proof is about the token that will be issued (RFC 9449 §5), so `ath` is optional there. */
  tokenHash: 'required' | 'optional'
}

export type CheckedProof = {
  /** RFC 7638 thumbprint of the key that was proved. */
  thumbprint: string
  jti: string
  /** Milliseconds since the epoch. */
  issuedAt: number
}

/** RFC 9449 §11.1: as long as a proof may be late, early included, one is worth stealing. */
export const PROOF_WINDOW_MS = 60_000
const MAX_JTI_CHARACTERS = 255

/**
 * Checks 1 to 12 of RFC 9449 §4.3 but for replay: what is cheap comes first, so that a signature is only verified for a
 * proof about this very request. No nonces are used: proofs are good once, and for a minute.
 */
export async function checkProof(header: string, request: ProvedRequest, now: number) {
  // The host joins repeated headers with a comma, which no JWT holds.
  if (header.includes(',')) return fault('proof_several')
  const jwt = parseJwt(header, LIMITS.maxProofHeaderDepth)
  if (isRefused(jwt)) return fault('proof_malformed')
  const { typ, jwk } = jwt.header
  if (typ !== 'dpop+jwt') return fault('proof_typ')
  const alg = PROOF_ALGORITHMS.find((name) => name === jwt.header['alg'])
  if (!alg) return fault('proof_alg')
  if ([...EXTENSIONS, ...FOREIGN_KEY_SOURCES].some((name) => Object.hasOwn(jwt.header, name))) {
    return fault('proof_extension')
  }
  const claims = readClaims(jwt.payload)
  if (!claims) return fault('proof_claims')
  const wrong = compare(claims, request, now)
  if (wrong) return fault(wrong)
  const read = await readProofKey(jwk, alg)
  if (typeof read === 'string') return fault(read === 'private' ? 'proof_private_key' : 'proof_key')
  if (!(await isSignedBy(header, { key: read.key, alg }))) return fault('proof_signature')
  return { thumbprint: read.thumbprint, jti: claims.jti, issuedAt: claims.iat * 1_000 } satisfies CheckedProof
}

type ProofClaims = { jti: string; htm: string; htu: string; iat: number; ath: unknown }

function readClaims({ jti, htm, htu, iat, ath }: JsonObject): ProofClaims | undefined {
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI_CHARACTERS) return undefined
  if (typeof htm !== 'string' || typeof htu !== 'string') return undefined
  if (typeof iat !== 'number' || !Number.isFinite(iat)) return undefined
  return { jti, htm, htu, iat, ath }
}

function compare({ htm, htu, iat, ath }: ProofClaims, request: ProvedRequest, now: number): ProofFault | undefined {
  if (htm !== request.method) return 'proof_method'
  const uri = comparableUri(htu)
  if (uri === undefined || uri !== comparableUri(request.uri)) return 'proof_uri'
  if (Math.abs(iat * 1_000 - now) > PROOF_WINDOW_MS) return 'proof_time'
  return hashFits(ath, request) ? undefined : 'proof_token_hash'
}

function hashFits(ath: unknown, { token, tokenHash }: ProvedRequest): boolean {
  if (ath === undefined) return token === undefined || tokenHash === 'optional'
  return token !== undefined && ath === hash('sha256', token, 'base64url')
}

async function isSignedBy(proof: string, { key, alg }: { key: CryptoKey; alg: string }): Promise<boolean> {
  const { compactVerify } = await import('jose/jws/compact/verify')
  try {
    await compactVerify(proof, key, { algorithms: [alg] })
    return true
  } catch {
    return false
  }
}

const fault = (tag: ProofFault) => ({ fault: tag })
