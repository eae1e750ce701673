import { describe, expect, it } from 'vitest'
import { issuerMetadata, resourceMetadata } from '../../../shared/tokens/metadata.ts'

const ISSUER = 'https://issuer.test/base'
const FRONT_DOOR = 'https://gateway.test'
const places = { issuer: ISSUER, frontDoor: FRONT_DOOR }
const documents = { issuerMetadata: issuerMetadata(places), resourceMetadata: resourceMetadata(places) }

describe('metadata', () => {
  it('names only endpoints that exist: no authorization endpoint (RFC 8414 §2)', () => {
    const endpoints = Object.keys(documents.issuerMetadata).filter((name) => /_endpoint$|_uri$/.test(name))
    expect(endpoints).toEqual(['token_endpoint', 'introspection_endpoint', 'revocation_endpoint', 'jwks_uri'])
  })

  it.each(Object.entries(documents))('%s has no empty list (RFC 8414 §3.2)', (_name, document) => {
    const lists = Object.values(document).filter((value) => Array.isArray(value))
    expect(lists.length).toBeGreaterThan(0)
    expect(lists.every((list) => list.length > 0)).toBe(true)
  })

  it('sends whoever asks to the front door, and to the issuer, which may be a page elsewhere, for keys alone', () => {
    const urls = Object.values(documents).flatMap((document) =>
      Object.entries(document).filter(([, value]) => typeof value === 'string' && value.startsWith('http')),
    )
    expect(Object.fromEntries(urls)).toEqual({
      issuer: ISSUER,
      token_endpoint: `${FRONT_DOOR}/oauth2/token`,
      introspection_endpoint: `${FRONT_DOOR}/oauth2/introspect`,
      revocation_endpoint: `${FRONT_DOOR}/oauth2/revoke`,
      jwks_uri: `${ISSUER}/oauth2/jwks`,
      resource: FRONT_DOOR,
    })
  })
})
