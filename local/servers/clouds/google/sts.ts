import type { ServerAnswer, ServerRequest } from '../../http-server.ts'
import { type Accounts, type Provider, providerResource } from '../accounts.ts'
import { type IssuerKeys, TokenFault, verifyOutsideToken } from '../outside-token.ts'
import type { AccessTokens } from './access-tokens.ts'

export type StsDeps = { accounts: Accounts; issuerKeys: IssuerKeys; tokens: AccessTokens; now(): number }

const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:'
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const JWT_TYPES = ['jwt', 'id_token'].map((name) => TOKEN_TYPE + name)
const LIFETIME_SECONDS = 3_599

const refuse = (error: string, error_description: string): ServerAnswer => ({
  status: 400,
  json: { error, error_description },
})

/** Which pool a request is about: by the audience, or by the token that is downscoped. */
export function poolIn({ url, body }: ServerRequest, tokens: AccessTokens): string | undefined {
  if (url.hostname !== 'sts.googleapis.com') return undefined
  const form = new URLSearchParams(body)
  const [, pool] = /\/workloadIdentityPools\/([^/]+)\//.exec(form.get('audience') ?? '') ?? []
  if (pool) return pool
  const holder = tokens.find(form.get('subject_token') ?? '')?.holder
  return holder && 'email' in holder ? /@([^.]+)\./.exec(holder.email)?.[1] : holder?.pool
}

/**
 * POST sts.googleapis.com/v1/token (RFC 8693): an outside ID token for a federated access token, or an access token with
 * a credential access boundary in `options` for a downscoped one.
 */
export async function answerSts({ method, body }: ServerRequest, deps: StsDeps): Promise<ServerAnswer> {
  const form = new URLSearchParams(body)
  if (method !== 'POST') return { status: 404, text: '' }
  if (form.get('grant_type') !== EXCHANGE) return refuse('unsupported_grant_type', 'Invalid grant_type.')
  if (form.get('requested_token_type') !== `${TOKEN_TYPE}access_token`) {
    return refuse('invalid_request', 'Invalid value for "requested_token_type".')
  }
  const type = form.get('subject_token_type') ?? ''
  if (type === `${TOKEN_TYPE}access_token`) return downscope(form, deps)
  if (!JWT_TYPES.includes(type)) return refuse('invalid_request', 'Invalid value for "subject_token_type".')
  const provider = deps.accounts.provider(form.get('audience') ?? '')
  if (!provider) return refuse('invalid_target', NO_PROVIDER)
  if (!form.get('scope')) return refuse('invalid_scope', 'Scope(s) must be provided.')
  return federate(form, provider, deps)
}

async function federate(form: URLSearchParams, provider: Provider, deps: StsDeps): Promise<ServerAnswer> {
  const resource = providerResource(provider)
  const audiences = [...provider.audiences, resource, `https:${resource}`]
  const { issuer, jwks, project, pool } = provider
  try {
    const expected = { issuer, audiences, ...(jwks && { jwks }) }
    const { sub } = await verifyOutsideToken(form.get('subject_token') ?? '', expected, deps)
    // google.subject is at most 127 bytes.
    if (Buffer.byteLength(sub) > 127) return refuse('invalid_grant', 'The mapped attribute google.subject is too long.')
    const principal = `principal://iam.googleapis.com/projects/${project}/locations/global/workloadIdentityPools/${pool}/subject/${sub}`
    const expiresAt = deps.now() + LIFETIME_SECONDS * 1_000
    const scope = (form.get('scope') ?? '').split(' ')
    return granted(deps.tokens.issue({ holder: { principal, pool }, scope, expiresAt }), LIFETIME_SECONDS)
  } catch (error) {
    if (!(error instanceof TokenFault)) throw error
    return refuse('invalid_grant', WORDS[error.fault])
  }
}

function downscope(form: URLSearchParams, { tokens }: StsDeps): ServerAnswer {
  const source = tokens.find(form.get('subject_token') ?? '')
  if (!source) return refuse('invalid_grant', 'Invalid subject token.')
  const rules = boundaryRules(form.get('options'))
  if (!rules) return refuse('invalid_request', 'Invalid value for "options".')
  // No `expires_in`: the token ends with its source.
  return granted(tokens.issue({ ...source, boundary: rules }))
}

function boundaryRules(options: string | null): unknown[] | undefined {
  try {
    const rules = JSON.parse(options ?? '')?.accessBoundary?.accessBoundaryRules
    const isRule = (rule: Record<string, unknown>) =>
      typeof rule?.['availableResource'] === 'string' && Array.isArray(rule['availablePermissions'])
    return Array.isArray(rules) && rules.length > 0 && rules.length <= 10 && rules.every(isRule) ? rules : undefined
  } catch {
    return undefined
  }
}

const granted = (token: string, expiresIn?: number): ServerAnswer => ({
  status: 200,
  headers: { 'cache-control': 'no-cache, no-store, max-age=0, must-revalidate' },
  json: {
    access_token: token,
    issued_token_type: `${TOKEN_TYPE}access_token`,
    token_type: 'Bearer',
    ...(expiresIn && { expires_in: expiresIn }),
  },
})

const NO_PROVIDER =
  'The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn\'t exist.'

const WORDS: Record<TokenFault['fault'], string> = {
  malformed: 'Unable to parse the ID Token.',
  issuer: 'The issuer in ID Token does not match the expected ones.',
  audience: 'The audience in ID Token does not match the expected audience.',
  expired: 'ID Token is stale to sign-in.',
  signature: "Invalid ID Token signature or the token lacks a claim: exp, iat, 'sub'.",
  unreachable: "Error connecting to the given credential's issuer.",
}
