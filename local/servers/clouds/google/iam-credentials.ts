import type { ServerAnswer, ServerRequest } from '../../http-server.ts'
import type { Accounts, ServiceAccount } from '../accounts.ts'
import { type AccessTokens, bearerIn, type GoogleToken } from './access-tokens.ts'
import { GOOGLE_ISSUER } from './jwks.ts'

export type IamDeps = {
  accounts: Accounts
  tokens: AccessTokens
  signIdToken(claims: Record<string, unknown>): Promise<string>
  now(): number
}

const PATH = /^\/v1\/projects\/-\/serviceAccounts\/([^/:]+):(generateAccessToken|generateIdToken)$/
const CLOUD_PLATFORM = ['https://www.googleapis.com/auth/cloud-platform', 'https://www.googleapis.com/auth/iam']
const MAX_LIFETIME_SECONDS = 3_600

export const serviceAccountIn = ({ url }: ServerRequest) => PATH.exec(decodeURIComponent(url.pathname))?.[1]

export const googleError = (code: number, status: string, message: string): ServerAnswer => ({
  status: code,
  json: { error: { code, message, status } },
})

/** POST iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{email}:generateAccessToken and :generateIdToken. */
export async function answerIamCredentials(request: ServerRequest, deps: IamDeps): Promise<ServerAnswer> {
  const [, email = '', method] = PATH.exec(decodeURIComponent(request.url.pathname)) ?? []
  if (!method || request.method !== 'POST') return { status: 404, text: '' }
  const caller = deps.tokens.find(bearerIn(request.headers.authorization))
  if (!caller) return googleError(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.')
  if (!caller.scope.some((scope) => CLOUD_PLATFORM.includes(scope))) {
    return googleError(403, 'PERMISSION_DENIED', 'Request had insufficient authentication scopes.')
  }
  const account = deps.accounts.serviceAccount(email)
  if (!account || !mayImpersonate(caller, account)) {
    const permission = method === 'generateAccessToken' ? 'getAccessToken' : 'getOpenIdToken'
    const text = `Permission 'iam.serviceAccounts.${permission}' denied on resource (or it may not exist).`
    return googleError(403, 'PERMISSION_DENIED', text)
  }
  const body = parsed(request.body)
  if (!body) return googleError(400, 'INVALID_ARGUMENT', 'Invalid JSON payload received.')
  return method === 'generateAccessToken' ? accessToken(account, body, deps) : idToken(account, body, deps)
}

function mayImpersonate({ holder, boundary }: GoogleToken, { impersonators }: ServiceAccount): boolean {
  if (boundary !== undefined) return false
  return impersonators.includes('principal' in holder ? holder.principal : `serviceAccount:${holder.email}`)
}

function accessToken(account: ServiceAccount, body: Record<string, unknown>, { tokens, now }: IamDeps): ServerAnswer {
  const { scope, lifetime = '3600s' } = body
  if (!Array.isArray(scope) || scope.length === 0 || !scope.every((one) => typeof one === 'string')) {
    return googleError(400, 'INVALID_ARGUMENT', 'Scope is required.')
  }
  const [, seconds] = /^(\d+)(?:\.\d+)?s$/.exec(String(lifetime)) ?? []
  if (!seconds || Number(seconds) < 1) return googleError(400, 'INVALID_ARGUMENT', "Invalid value at 'lifetime'.")
  if (Number(seconds) > MAX_LIFETIME_SECONDS) {
    const text = 'The access token lifetime cannot exceed 3600s.'
    return googleError(400, 'INVALID_ARGUMENT', text)
  }
  const expiresAt = Math.floor(now() / 1_000 + Number(seconds)) * 1_000
  const token = tokens.issue({ holder: { email: account.email }, scope, expiresAt })
  const expireTime = new Date(expiresAt).toISOString().replace('.000Z', 'Z')
  return { status: 200, json: { accessToken: token, expireTime } }
}

async function idToken(account: ServiceAccount, body: Record<string, unknown>, deps: IamDeps): Promise<ServerAnswer> {
  const { audience, includeEmail } = body
  if (typeof audience !== 'string' || !audience) return googleError(400, 'INVALID_ARGUMENT', 'Audience is required.')
  return { status: 200, json: { token: await signGoogleIdToken(account, { audience, email: includeEmail }, deps) } }
}

/** An ID token of `https://accounts.google.com` for a service account: an hour, `sub` = its unique id. */
export function signGoogleIdToken(
  { email, uniqueId }: ServiceAccount,
  wanted: { audience: string; email?: unknown },
  { signIdToken, now }: Pick<IamDeps, 'signIdToken' | 'now'>,
): Promise<string> {
  const iat = Math.floor(now() / 1_000)
  return signIdToken({
    iss: GOOGLE_ISSUER,
    aud: wanted.audience,
    azp: uniqueId,
    sub: uniqueId,
    ...(wanted.email === true && { email, email_verified: true }),
    iat,
    exp: iat + MAX_LIFETIME_SECONDS,
  })
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
