import { describe, expect, it } from 'vitest'
import { NewSecretBody } from '../../../shared/secrets/new-secret.ts'

const accepts = (body: unknown) => NewSecretBody.safeParse(body).success

describe('NewSecretBody', () => {
  it('takes a value of several lines, as keys and certificates are', () => {
    expect(accepts({ value: '-----BEGIN X-----\nabc\n-----END X-----\n', contentType: 'application/x-pem-file' })).toBe(
      true,
    )
  })

  it.each([
    { value: 'v', contentType: 'text/plain\r\nX: 1' },
    { value: 'v', contentType: '\u0000' },
    { value: 'v', tags: { 'a\u0085b': 'x' } },
    { value: 'v', tags: { a: 'x\u001b[31m' } },
    { value: '\ud800' },
    { value: 'x'.repeat(25_601) },
    { value: 'v', expires: '2040-01-01T00:00:00Z' },
  ])('refuses %# (T26)', (body) => {
    expect(accepts(body)).toBe(false)
  })
})
