import { describe, expect, it } from 'vitest'
import { TokenRequest } from '../../../shared/tokens/token-request.ts'

describe('TokenRequest', () => {
  it.each([
    [90, 90],
    ['90s', 90],
    ['15m', 900],
    ['1h', 3_600],
  ])('ttl %j is %d seconds', (ttl, seconds) => {
    expect(TokenRequest.parse({ target: 'a', ttl }).ttl).toBe(seconds)
  })

  it.each([
    [{}],
    [{ target: '' }],
    [{ target: 7 }],
    [{ target: 'a', scope: '' }],
    [{ target: 'a', scope: ['read'] }],
    [{ target: 'a', ttl: 0 }],
    [{ target: 'a', ttl: -1 }],
    [{ target: 'a', ttl: 1.5 }],
    [{ target: 'a', ttl: 1e300 }],
    [{ target: 'a', ttl: '900' }],
    [{ target: 'a', ttl: '15 m' }],
    [{ target: 'a', ttl: '0s' }],
    [{ target: 'a', ttl: '2d' }],
    [{ target: 'a', ttl: null }],
    [{ target: 'a', audience: 'b' }],
  ])('refuses %j', (body) => {
    expect(TokenRequest.safeParse(body).success).toBe(false)
  })
})
