import { createHash, createPublicKey, verify } from 'node:crypto'

/** `url`: your callback URL; `body`: the bytes as they came; `keys`: of <gateway>/oauth2/jwks, fetched anew for an unknown `kid`. */
export function isFromGateway({ url, body, signature, keys, now = Date.now() }) {
  try {
    const [head, nothing, proof] = signature.split('.')
    const { alg, typ, kid, iat, aud } = JSON.parse(Buffer.from(head, 'base64url').toString())
    const { origin, pathname } = new URL(url)
    const me = createHash('sha256').update(`${origin}${pathname}`).digest('base64url')
    const key = keys.find((one) => one.kid === kid && one.kty === 'EC')
    if (alg !== 'ES256' || typ !== 'sallyport-callback+jws' || aud !== me || nothing !== '' || !key) return false
    if (!(Math.abs(now / 1000 - iat) <= 300)) return false
    const signed = Buffer.from(`${head}.${Buffer.from(body).toString('base64url')}`)
    const publicKey = { key: createPublicKey({ key, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }
    return verify('sha256', signed, publicKey, Buffer.from(proof, 'base64url'))
  } catch {
    return false
  }
}
