import type { JWTPayload } from 'jose'
import type { SigningAlgorithm } from './key-names.ts'
import type { SigningKey } from './signing-key.ts'

/** Signs with one key. Signatures overlap: WebCrypto makes them in the thread pool. */
export type Signer = {
  alg: SigningAlgorithm
  kid: string
  /** Compact JWS; `typ` keeps the kinds of our tokens apart (RFC 8725 §3.11). */
  sign(claims: JWTPayload, typ: string): Promise<string>
}

export async function createSigner({ alg, kid, privateKey }: SigningKey): Promise<Signer> {
  const { SignJWT } = await import('jose')
  return {
    alg,
    kid,
    sign: (claims, typ) => new SignJWT(claims).setProtectedHeader({ alg, typ, kid }).sign(privateKey),
  }
}
