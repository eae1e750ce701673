import type { JWTPayload } from 'jose'
import type { SigningAlgorithm } from './key-names.ts'
import type { SigningKey } from './signing-key.ts'

/** Signs with one key. Signatures overlap: WebCrypto makes them in the thread pool. */
export type Signer = {
  alg: SigningAlgorithm
  kid: string
  /** Compact JWS; `typ` keeps the kinds of our tokens apart (RFC 8725 §3.11). */
  sign(claims: JWTPayload, typ: string): Promise<string>
  /** JWS over any text, which is then left out of it (RFC 7515 appendix F); the header must say a `typ`. */
  signDetached(text: string, header: { typ: string } & Readonly<Record<string, unknown>>): Promise<string>
}

export async function createSigner({ alg, kid, privateKey }: SigningKey): Promise<Signer> {
  const { CompactSign, SignJWT } = await import('jose')
  return {
    alg,
    kid,
    sign: (claims, typ) => new SignJWT(claims).setProtectedHeader({ alg, typ, kid }).sign(privateKey),
    signDetached: async (text, header) => {
      const sign = new CompactSign(Buffer.from(text, 'utf8')).setProtectedHeader({ ...header, alg, kid })
      const [protectedHeader, , signature] = (await sign.sign(privateKey)).split('.')
      return `${protectedHeader}..${signature}`
    },
  }
}
