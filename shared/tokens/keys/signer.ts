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

/** RFC 7518 §3.3, §3.4. */
const WAYS = {
  ES256: { name: 'ECDSA', hash: 'SHA-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5' },
} as const satisfies Record<SigningAlgorithm, object>

/** RFC 7515 §5.1, written out: jose's builders clone and check what is made here, 28 µs a token (docs/performance.md). */
export function createSigner({ alg, kid, privateKey }: SigningKey): Signer {
  const signText = async (header: object, payload: string) => {
    const input = `${base64url(JSON.stringify(header))}.${payload}`
    const signature = await crypto.subtle.sign(WAYS[alg], privateKey, Buffer.from(input))
    return { input, signature: Buffer.from(signature).toString('base64url') }
  }
  return {
    alg,
    kid,
    async sign(claims, typ) {
      const { input, signature } = await signText({ alg, typ, kid }, base64url(JSON.stringify(claims)))
      return `${input}.${signature}`
    },
    async signDetached(text, header) {
      const { input, signature } = await signText({ ...header, alg, kid }, base64url(text))
      return `${input.slice(0, input.indexOf('.'))}..${signature}`
    },
  }
}

const base64url = (text: string) => Buffer.from(text).toString('base64url')
