import { describe, expect, it } from 'vitest'
import { issuerMetadata, resourceMetadata } from '../../../shared/tokens/metadata.ts'

const ISSUER = 'https://gateway.test/base'
const documents = { issuerMetadata: issuerMetadata(ISSUER), resourceMetadata: resourceMetadata(ISSUER) }

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

  it.each(Object.entries(documents))('%s has URLs below the issuer only', (_name, document) => {
    const urls = Object.values(document).filter((value) => typeof value === 'string' && value.startsWith('http'))
    expect(urls.every((url) => url === ISSUER || String(url).startsWith(`${ISSUER}/`))).toBe(true)
  })
})
