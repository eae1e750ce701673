import { createPublicKey } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import type { ServerAnswer, ServerRequest } from '../../http-server.ts'
import type { Accounts } from '../accounts.ts'
import { signGoogleIdToken } from './iam-credentials.ts'

export type KeyExchangeDeps = {
  accounts: Accounts
  signIdToken(claims: Record<string, unknown>): Promise<string>
  now(): number
}

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const AUDIENCES = ['https://oauth2.googleapis.com/token', 'https://www.googleapis.com/oauth2/v4/token']

const refuse = (error: string, error_description: string): ServerAnswer => ({
  status: 400,
  json: { error, error_description },
})

export const emailIn = ({ url, body }: ServerRequest) =>
  url.pathname === '/token' ? readIssuer(new URLSearchParams(body).get('assertion') ?? '') : undefined

/** POST oauth2.googleapis.com/token (RFC 7523): an assertion signed with a service account's key, for an ID token. */
export async function answerKeyExchange({ body }: ServerRequest, deps: KeyExchangeDeps): Promise<ServerAnswer> {
  const form = new URLSearchParams(body)
  const assertion = form.get('assertion') ?? ''
  if (form.get('grant_type') !== JWT_BEARER) return refuse('unsupported_grant_type', 'Invalid grant_type.')
  const account = deps.accounts.serviceAccount(readIssuer(assertion) ?? '')
  if (!account) return refuse('invalid_grant', 'Invalid grant: account not found')
  try {
    const pem = account.keys[decodeProtectedHeader(assertion).kid ?? ''] ?? Object.values(account.keys)[0] ?? ''
    const { payload } = await jwtVerify(assertion, createPublicKey(pem), {
      algorithms: ['RS256'],
      issuer: account.email,
      audience: AUDIENCES,
      requiredClaims: ['exp', 'iat'],
      currentDate: new Date(deps.now()),
    })
    const audience = payload['target_audience']
    if (typeof audience !== 'string') return refuse('invalid_scope', 'Only ID tokens are issued here.')
    return { status: 200, json: { id_token: await signGoogleIdToken(account, { audience, email: true }, deps) } }
  } catch {
    return refuse('invalid_grant', 'Invalid JWT Signature.')
  }
}

function readIssuer(assertion: string): string | undefined {
  try {
    return decodeJwt(assertion).iss
  } catch {
    return undefined
  }
}
