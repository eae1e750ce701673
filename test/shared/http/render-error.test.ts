import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ERRORS, type ErrorCode, GatewayError } from '../../../shared/errors.ts'
import { renderError } from '../../../shared/http/render-error.ts'

const FRONT_DOOR = 'https://gw.example'
const native = (error: GatewayError) => renderError(error, { dialect: 'problem', txn: 't1', frontDoor: FRONT_DOOR })
const oauth = (error: GatewayError) => renderError(error, { dialect: 'oauth', txn: 't1', frontDoor: FRONT_DOOR })

describe('renderError', () => {
  it.each(Object.keys(ERRORS) as ErrorCode[])('%s: never says the internal reason, in either dialect', (code) => {
    const error = new GatewayError(code, 'internal_reason_tag')
    for (const answer of [native(error), oauth(error)])
      expect(JSON.stringify(answer)).not.toContain('internal_reason_tag')
  })

  it('403 access_denied: a problem whose type is a heading of docs/errors.md (RFC 9457)', () => {
    expect(native(new GatewayError('access_denied', 'no_permit'))).toMatchObject({
      status: 403,
      headers: { 'Content-Type': 'application/problem+json' },
      json: { type: 'urn:sallyport:errors#access_denied', status: 403, instance: 't1', code: 'access_denied' },
    })
  })

  it('401: challenges, with an error only when a token was sent (RFC 6750 §3.1)', () => {
    const challenge = (code: ErrorCode) => native(new GatewayError(code, 'r')).headers?.['WWW-Authenticate']
    expect(challenge('missing_token')).toBe(
      `Bearer realm="sallyport", resource_metadata="${FRONT_DOOR}/.well-known/oauth-protected-resource", DPoP algs="ES256 ES384 EdDSA RS256 PS256"`,
    )
    expect(challenge('invalid_token')).toContain('error="invalid_token"')
    expect(challenge('access_denied')).toContain('error="insufficient_scope"')
    expect(challenge('invalid_request')).toBeUndefined()
    expect(challenge('invalid_dpop_proof')).toBe(
      'DPoP error="invalid_dpop_proof", algs="ES256 ES384 EdDSA RS256 PS256"',
    )
  })

  it('503: carries Retry-After where there is one', () => {
    const error = new GatewayError('vault_unavailable', 'throttled', { retryAfterSeconds: 7 })
    expect(native(error).headers?.['Retry-After']).toBe('7')
  })

  it('keeps error_description within the characters of RFC 6749 §5.2', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (detail) => {
        const { json } = oauth(new GatewayError('invalid_request', 'r', { detail }))
        expect((json as { error_description: string }).error_description).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]*$/)
      }),
    )
  })
})
