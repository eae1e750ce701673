import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** A signing key of an issuer in a test. Signatures are made with node:crypto, so that malformed tokens can be made too. */
export type SigningKey = { kid: string; alg: string; privateKey: KeyObject; jwk: Record<string, unknown> }

export function rsaKey(kid: string, modulusLength = 2_048, alg = 'RS256'): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength })
  return { kid, alg, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' } }
}

export function ecKey(kid: string): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { kid, alg: 'ES256', privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' } }
}

export const base64url = (value: string | Uint8Array) => Buffer.from(value).toString('base64url')

const json = (value: unknown) => base64url(JSON.stringify(value))

/** Signs any header and payload; strings go in as they are, so that duplicate keys and broken JSON can be signed. */
export function signRaw(header: unknown, payload: unknown, key: SigningKey): string {
  const text = (value: unknown) => (typeof value === 'string' ? base64url(value) : json(value))
  const input = `${text(header)}.${text(payload)}`
  return `${input}.${base64url(signature(input, key))}`
}

export function signature(input: string, { alg, privateKey }: SigningKey): Buffer {
  return sign('sha256', Buffer.from(input), {
    key: privateKey,
    ...(alg === 'ES256' && { dsaEncoding: 'ieee-p1363' as const }),
  })
}

/** A token of these claims as an issuer signs it; `header` adds to or replaces the usual members. */
export const token = (claims: object, key: SigningKey, header: object = {}) =>
  signRaw({ typ: 'JWT', alg: key.alg, kid: key.kid, ...header }, claims, key)

export const HOME = '11111111-1111-4111-8111-111111111111'
export const FOREIGN = '22222222-2222-4222-8222-222222222222'
export const OID = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa'
export const APP = 'bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb'
export const AUDIENCE = 'api://sallyport'

/** 2026-11-25T12:00:00Z; tests move their own clock from here. */
export const NOON = Date.UTC(2026, 10, 25, 12)

export const v1 = (tenant: string) => `https://sts.windows.net/${tenant}/`
export const v2 = (tenant: string) => `https://login.microsoftonline.com/${tenant}/v2.0`

/** Claims of an app-only Entra access token; `version` decides issuer, `ver` and the name of the application's claim. */
export function entraClaims(overrides: object = {}, version: 'v1' | 'v2' = 'v2', tenant = HOME) {
  const seconds = NOON / 1_000
  return {
    aud: AUDIENCE,
    iss: version === 'v1' ? v1(tenant) : v2(tenant),
    iat: seconds - 300,
    nbf: seconds - 300,
    exp: seconds + 3_600,
    [version === 'v1' ? 'appid' : 'azp']: APP,
    idtyp: 'app',
    oid: OID,
    sub: OID,
    tid: tenant,
    uti: 'uti-1',
    ver: version === 'v1' ? '1.0' : '2.0',
    ...overrides,
  }
}

/** Claims of a workload token of a plain OIDC issuer. */
export function oidcClaims(overrides: object = {}) {
  const seconds = NOON / 1_000
  return {
    iss: 'https://oidc.example.test',
    sub: 'repo:contoso/billing:ref:refs/heads/main',
    aud: AUDIENCE,
    iat: seconds - 5,
    exp: seconds + 600,
    jti: 'jti-1',
    ...overrides,
  }
}

/** Like structuredClone without some members. */
export function without<T extends object>(value: T, ...names: string[]): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name))) as Partial<T>
}
