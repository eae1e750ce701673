import { GatewayError } from '../../errors.ts'
import { createAuthenticator } from '../../identity/authenticate.ts'
import type { FetchJson } from '../../identity/fetch-json.ts'
import type { TrustedIssuer } from '../../identity/issuer.ts'
import type { Principal } from '../../identity/principal.ts'

export const GOOGLE_ISSUER = 'https://accounts.google.com'

/** Of a Google ID token for a service account: it lives an hour. */
const MAX_LIFETIME_SECONDS = 3_600

/** Whose ID token a target takes. */
export type PassedAccount = { subject: string; email?: string | undefined }

/** Verifies an ID token that a caller passed; throws `invalid_subject_token`, or `issuer_unavailable` when nobody can tell. */
export type PassedIdTokens = (token: string, account: PassedAccount) => Promise<void>

export type PassedIdTokenDeps = {
  fetchJson: FetchJson
  /** The one audience: Entra's token exchange in this cloud. */
  audience: string
  now(): number
}

/**
 * The strict gate of callers' tokens, with Google's issuer and an audience that is no caller's. INVARIANT: an authenticator of
 * its own: what it verified is in no cache that the front door looks into.
 */
export function createPassedIdTokens({ fetchJson, audience, now }: PassedIdTokenDeps): PassedIdTokens {
  const google: TrustedIssuer = {
    name: 'google-id-token',
    issuer: GOOGLE_ISSUER,
    audiences: [audience],
    algorithms: ['RS256'],
    principal: 'oidc',
    // Google's discovery document names another host than its own (developers.google.com/identity/openid-connect).
    jwksUri: 'https://www.googleapis.com/oauth2/v3/certs',
    maxLifetimeSeconds: MAX_LIFETIME_SECONDS,
  }
  const issuerOf = (iss: string) => (iss === GOOGLE_ISSUER ? google : undefined)
  // Its refusal is recorded as the denial of the request, so it is not counted once more.
  const { authenticate } = createAuthenticator({ issuerOf, fetchJson, now, refused: () => {} })

  return async (token, { subject, email }) => {
    const passed = await authenticate(token).catch((error: unknown) => {
      if (!(error instanceof GatewayError) || error.code !== 'invalid_token') throw error
      throw refused(`passed_${error.reason}`)
    })
    if (passed.subject !== subject) throw refused('passed_subject_differs')
    if (email !== undefined && !isVerified(passed, email)) throw refused('passed_email_differs')
  }
}

const isVerified = ({ claims }: Principal, email: string) =>
  claims['email'] === email && claims['email_verified'] === true

const refused = (reason: string) => new GatewayError('invalid_subject_token', reason)
