import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../shared/errors.ts'
import { readAuthorization } from '../../../shared/http/authorization.ts'
import { requestContext } from '../../../shared/http/caller.ts'
import { gatewayRequest } from '../../support/gateway-request.ts'

const codeOf = (act: () => unknown) => {
  try {
    act()
    return 'accepted'
  } catch (error) {
    return error instanceof GatewayError ? error.code : 'wrong error'
  }
}

describe('readAuthorization (RFC 6750, RFC 9449 §7.1)', () => {
  it.each([undefined, '', 'Basic abc', 'Bearer', 'Bearer ', 'BearerX abc', 'DPoP', 'DPoP,Bearer abc', 'abc'])(
    'missing_token: %s',
    (header) => {
      expect(codeOf(() => readAuthorization(header))).toBe('missing_token')
    },
  )

  it.each(['Bearer abc', 'bearer abc', 'BEARER  abc '])('reads %s', (header) => {
    expect(readAuthorization(header)).toEqual({ scheme: 'bearer', token: 'abc' })
  })

  it.each(['DPoP abc', 'dpop abc'])('reads %s, which a bearer token is not', (header) => {
    expect(readAuthorization(header)).toEqual({ scheme: 'dpop', token: 'abc' })
  })
})

const context = (headers: Record<string, string>, reason?: string) =>
  requestContext(gatewayRequest({ headers }), 1, reason)

describe('requestContext', () => {
  it('gathers address, purpose, reason and ticket', () => {
    expect(
      context({
        'x-forwarded-for': '203.0.113.9:1',
        'x-sallyport-purpose': 'settlement',
        'x-sallyport-reason': 'month end',
        'x-sallyport-ticket': 'OPS-12',
      }),
    ).toEqual({ clientAddress: '203.0.113.9', purpose: 'settlement', reason: 'month end', ticket: 'OPS-12' })
  })

  it('takes the reason of the body, and refuses two that differ', () => {
    expect(context({}, 'month end')).toEqual({ reason: 'month end' })
    expect(codeOf(() => context({ 'x-sallyport-reason': 'one' }, 'other'))).toBe('invalid_request')
  })

  it.each([' ', '\u200b', '-', '\u202e'])('takes %j for no reason at all', (reason) => {
    expect(context({}, reason)).toEqual({})
  })

  it.each([
    { 'x-sallyport-purpose': 'Settlement!' },
    { 'x-sallyport-purpose': 'a'.repeat(65) },
    { 'x-sallyport-reason': 'a'.repeat(257) },
    { 'x-sallyport-reason': 'a\u0007b' },
    { 'x-sallyport-reason': 'a\u009bb' },
    { 'x-sallyport-ticket': 'a b' },
  ])('invalid_request: %j (T26)', (headers) => {
    expect(codeOf(() => context(headers))).toBe('invalid_request')
  })
})
