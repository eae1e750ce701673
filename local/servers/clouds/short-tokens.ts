import { randomBytes } from 'node:crypto'
import { type JWTPayload, jwtVerify, SignJWT } from 'jose'

/** Tokens that a service gives and takes back itself; the key lives as long as the process. */
export function createShortTokens(now: () => number) {
  const key = randomBytes(32)
  return {
    sign(claims: JWTPayload, seconds: number): Promise<string> {
      const iat = Math.floor(now() / 1_000)
      return new SignJWT({ ...claims, iat, nbf: iat, exp: iat + seconds })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .sign(key)
    },
    async verify(token: string, audience: string): Promise<JWTPayload | undefined> {
      try {
        return (await jwtVerify(token, key, { audience, algorithms: ['HS256'], currentDate: new Date(now()) })).payload
      } catch {
        return undefined
      }
    },
  }
}

export type ShortTokens = ReturnType<typeof createShortTokens>
