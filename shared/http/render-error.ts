import { ERRORS, type ErrorCode, type GatewayError } from '../errors.ts'
import { PROOF_ALGORITHMS } from '../identity/possession/proof-key.ts'
import type { Dialect, GatewayResponse } from './endpoint.ts'

/** `type` of a problem; its fragment is a heading of docs/errors.md. */
export const problemType = (code: ErrorCode) => `urn:sallyport:errors#${code}`

type Rendering = { dialect: Dialect; txn: string; frontDoor: string }

/** One renderer, two dialects: RFC 9457 problem+json on native routes, RFC 6749 §5.2 JSON on OAuth routes. */
export function renderError(error: GatewayError, { dialect, txn, frontDoor }: Rendering): GatewayResponse {
  const headers = {
    ...error.extras.headers,
    ...challenge(error.code, { dialect, frontDoor }),
    ...(error.extras.retryAfterSeconds !== undefined && { 'Retry-After': String(error.extras.retryAfterSeconds) }),
  }
  return dialect === 'oauth' ? oauthError(error, headers) : problem(error, txn, headers)
}

function problem({ code, extras }: GatewayError, txn: string, headers: Record<string, string>): GatewayResponse {
  const { status, title } = ERRORS[code]
  return {
    status,
    headers: { ...headers, 'Content-Type': 'application/problem+json' },
    json: {
      type: problemType(code),
      title,
      status,
      detail: extras.detail ?? title,
      instance: txn,
      code,
      ...(extras.errors && { errors: extras.errors }),
      ...extras.members,
    },
  }
}

function oauthError({ code, extras }: GatewayError, headers: Record<string, string>): GatewayResponse {
  const spec = ERRORS[code]
  const { error, status } = 'oauth' in spec ? spec.oauth : { error: 'server_error', status: 500 }
  return { status, headers, json: { error, error_description: descriptionText(extras.detail ?? spec.title) } }
}

/** RFC 6749 §5.2 allows %x20-21, %x23-5B and %x5D-7E only. */
const descriptionText = (text: string) => text.replaceAll('"', "'").replaceAll(/[^\x20-\x21\x23-\x5B\x5D-\x7E]/g, '?')

/**
 * RFC 6750 §3: a 401 challenges, without `error` when no token was sent; RFC 9728 §5.1 tells where the metadata is. RFC
 * 9449 §7.1: the scheme DPoP is offered beside it, with the algorithms of proofs.
 */
function challenge(code: ErrorCode, { dialect, frontDoor }: Omit<Rendering, 'txn'>): Record<string, string> {
  const { status } = ERRORS[code]
  // On OAuth routes a denial is a 400 about the target, nothing that another token would mend.
  if (status !== 401 && (code !== 'access_denied' || dialect === 'oauth')) return {}
  if (code === 'invalid_dpop_proof') return { 'WWW-Authenticate': `DPoP error="${code}", ${PROOF_ALGS}` }
  const metadata = `resource_metadata="${frontDoor}/.well-known/oauth-protected-resource"`
  const error = { access_denied: 'insufficient_scope', missing_token: '' }[code as string] ?? 'invalid_token'
  const bearer = ['Bearer realm="sallyport"', error && `error="${error}"`, metadata].filter(Boolean).join(', ')
  return { 'WWW-Authenticate': status === 401 ? `${bearer}, DPoP ${PROOF_ALGS}` : bearer }
}

const PROOF_ALGS = `algs="${PROOF_ALGORITHMS.join(' ')}"`
