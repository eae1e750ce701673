import { createHash } from 'node:crypto'
import type { KeyRing } from '../tokens/keys/key-ring.ts'

export const SIGNATURE_HEADER = 'sallyport-signature'

/** Keeps these signatures apart from every other JWS of ours (RFC 8725 §3.11). */
export const SIGNATURE_TYPE = 'sallyport-callback+jws'

/** Makes the value of `Sallyport-Signature`; throws `keys_unavailable`. */
export type SignCallback = (url: string, body: string) => Promise<string>

/**
 * Detached JWS (RFC 7515 appendix F) over the body, by a key of `/oauth2/jwks`. Its header says when (`iat`, seconds), so that an
 * old one can be refused, and for whom (`aud`, base64url SHA-256 of origin and path), so that no receiver can pass it to another.
 */
export function createSignCallback(deps: { keys: Pick<KeyRing, 'signer'>; now: () => number }): SignCallback {
  return async (url, body) => {
    const signer = await deps.keys.signer('ES256')
    const { origin, pathname } = new URL(url)
    const aud = createHash('sha256').update(`${origin}${pathname}`).digest('base64url')
    return signer.signDetached(body, { typ: SIGNATURE_TYPE, iat: Math.floor(deps.now() / 1_000), aud })
  }
}
