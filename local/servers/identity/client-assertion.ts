import { createHash, X509Certificate } from 'node:crypto'
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
} from 'jose'
import type { Cloud } from '../../../shared/azure/clouds.ts'
import type { RegisteredApp } from './directory.ts'
import { EntraError } from './entra-error.ts'

/** Checks a client assertion for one app and tells its kind; throws EntraError. */
export type AssertionVerifier = (
  assertion: string,
  app: RegisteredApp,
  cloud: Cloud,
) => Promise<'certificate' | 'federated'>

export type AssertionDeps = {
  tenant: string
  /** Keys that an outside issuer publishes; undefined when it is none this server can reach. */
  issuerKeys(issuer: string): Promise<JSONWebKeySet | undefined>
  now(): number
}

const refuse = (code: number, text: string) => new EntraError(401, 'invalid_client', code, text)

/**
 * RFC 7523 assertions: either signed with a key of the app's own registered certificates (iss = sub = client id, found by
 * `x5t` or `x5t#S256`), or a token of an issuer that one of the app's federated credentials trusts.
 */
export function createAssertionVerifier({ tenant, issuerKeys, now }: AssertionDeps): AssertionVerifier {
  const currentDate = () => new Date(now())

  return async (assertion, app, { authority }) => {
    const { claims, header } = decode(assertion)
    if (claims.iss !== app.appId) {
      await verifyFederated(assertion, app, claims)
      return 'federated'
    }
    const realm = `${authority}/${tenant}`
    await verifyOwn({ assertion, app, header, realm, currentDate: currentDate() })
    return 'certificate'
  }

  async function verifyFederated(assertion: string, app: RegisteredApp, claims: JWTPayload): Promise<void> {
    const { iss = '', sub = '' } = claims
    const ofIssuer = app.federatedCredentials.filter(({ issuer }) => isIssuer(issuer, iss))
    if (ofIssuer.length === 0) {
      throw refuse(700211, `No matching federated identity record found for presented assertion issuer '${iss}'.`)
    }
    const credential = ofIssuer.find(({ subject }) => subject === sub)
    if (!credential) {
      throw refuse(700213, `No matching federated identity record found for presented assertion subject '${sub}'.`)
    }
    const audience = typeof claims.aud === 'string' ? claims.aud : ''
    if (!credential.audiences.includes(audience)) {
      throw refuse(
        700212,
        `No matching federated identity record found for presented assertion audience '${audience}'.`,
      )
    }
    const keys = await issuerKeys(iss)
    if (!keys) throw refuse(50166, `Request to External OIDC endpoint failed for issuer '${iss}'.`)
    // Entra federation takes RS256 only.
    await verified(assertion, createLocalJWKSet(keys), { algorithms: ['RS256'], currentDate: currentDate() })
  }
}

/** A gateway on this machine listens where it finds a free port: `http://127.0.0.1:*` in the seed is any of them. */
const isIssuer = (trusted: string, iss: string) =>
  trusted === 'http://127.0.0.1:*' ? /^http:\/\/127\.0\.0\.1:\d{1,5}$/.test(iss) : trusted === iss

function decode(assertion: string) {
  try {
    return { claims: decodeJwt(assertion), header: decodeProtectedHeader(assertion) as Record<string, unknown> }
  } catch {
    throw refuse(50027, 'JWT token is invalid or malformed.')
  }
}

type Own = {
  assertion: string
  app: RegisteredApp
  header: Record<string, unknown>
  /** The authority's URL of the tenant. */
  realm: string
  currentDate: Date
}

async function verifyOwn({ assertion, app, header, realm, currentDate }: Own): Promise<void> {
  const certificate = app.certificates
    .map((pem) => new X509Certificate(pem))
    .find((candidate) => matches(candidate, header))
  if (!certificate) {
    throw refuse(
      700027,
      `The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '${String(header['x5t'] ?? header['x5t#S256'] ?? '')}'.]`,
    )
  }
  if (certificate.validToDate <= currentDate || certificate.validFromDate > currentDate) {
    throw refuse(
      700027,
      `The certificate with identifier used to sign the client assertion is expired on application. [Reason - The key used is expired., Thumbprint of key used by client: '${String(header['x5t'] ?? header['x5t#S256'])}'.]`,
    )
  }
  await verified(assertion, certificate.publicKey, {
    algorithms: ['RS256', 'PS256'],
    issuer: app.appId,
    subject: app.appId,
    audience: [`${realm}/oauth2/v2.0/token`, `${realm}/v2.0`, `${realm}/oauth2/token`],
    currentDate,
  })
}

function matches(certificate: X509Certificate, header: Record<string, unknown>): boolean {
  const thumbprint = (algorithm: string) => createHash(algorithm).update(certificate.raw).digest('base64url')
  return header['x5t'] === thumbprint('sha1') || header['x5t#S256'] === thumbprint('sha256')
}

async function verified(
  assertion: string,
  key: Parameters<typeof jwtVerify>[1] | ReturnType<typeof createLocalJWKSet>,
  options: NonNullable<Parameters<typeof jwtVerify>[2]>,
): Promise<void> {
  const all = { ...options, requiredClaims: ['exp'], clockTolerance: 300 }
  try {
    await (typeof key === 'function' ? jwtVerify(assertion, key, all) : jwtVerify(assertion, key, all))
  } catch (error) {
    throw translate(error)
  }
}

function translate(error: unknown): EntraError {
  const { code, claim } = error as { code?: string; claim?: string }
  if (code === 'ERR_JWT_EXPIRED' || claim === 'nbf') {
    return refuse(700024, 'Client assertion is not within its valid time range.')
  }
  if (claim === 'aud') return refuse(700023, 'Client assertion audience claim does not match Realm issuer.')
  if (claim === 'sub' || claim === 'iss') {
    return refuse(700021, 'Client assertion application identifier does not match client_id parameter.')
  }
  if (claim === 'exp') return refuse(50027, "JWT token is invalid or malformed: 'exp' is missing.")
  return refuse(50013, 'Assertion failed signature validation. [Reason - The provided signature value did not match.]')
}
