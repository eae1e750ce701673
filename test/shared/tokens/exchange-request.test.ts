import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../shared/errors.ts'
import { CLIENT_CREDENTIALS, readGrantRequest, TOKEN_EXCHANGE } from '../../../shared/tokens/exchange-request.ts'

const TYPE = 'urn:ietf:params:oauth:token-type'
const GOOD = {
  grant_type: TOKEN_EXCHANGE,
  subject_token: 'a.b.c',
  subject_token_type: `${TYPE}:access_token`,
  audience: 'ledger-api',
}

const form = (changes: Record<string, string | undefined> = {}) => {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries({ ...GOOD, ...changes }))
    if (value !== undefined) parameters.set(name, value)
  return parameters
}

const refusal = (parameters: URLSearchParams) => {
  try {
    readGrantRequest(parameters)
  } catch (error) {
    return error instanceof GatewayError ? error.code : error
  }
  return undefined
}

describe('readGrantRequest (RFC 8693 §2.1, RFC 6749 §4.4.2)', () => {
  it('reads a plain exchange', () => {
    expect(readGrantRequest(form({ scope: 'read' }))).toEqual({
      target: { name: 'ledger-api' },
      scope: 'read',
      exchange: {
        subjectToken: 'a.b.c',
        subjectTokenType: `${TYPE}:access_token`,
        actorToken: undefined,
        issuedTokenType: `${TYPE}:access_token`,
      },
    })
  })

  it('reads an exchange with an actor token', () => {
    const actor = { actor_token: 'd.e.f', actor_token_type: `${TYPE}:jwt` }
    expect(readGrantRequest(form(actor)).exchange).toMatchObject({ subjectToken: 'a.b.c', actorToken: 'd.e.f' })
  })

  it('reads client credentials, and ignores what belongs to an exchange', () => {
    const parameters = form({ grant_type: CLIENT_CREDENTIALS, subject_token_type: 'x', actor_token: 'y' })
    expect(readGrantRequest(parameters)).toEqual({
      target: { name: 'ledger-api' },
      scope: undefined,
      exchange: undefined,
    })
  })

  it('takes a resource instead of an audience, as it is written', () => {
    const { target } = readGrantRequest(form({ audience: undefined, resource: 'https://ledger.test/%41' }))
    expect(target).toEqual({ resource: 'https://ledger.test/%41' })
  })

  it.each(['access_token', 'id_token', 'jwt'])('takes a subject token of type %s', (name) => {
    expect(refusal(form({ subject_token_type: `${TYPE}:${name}` }))).toBeUndefined()
  })

  it('gives back the requested type', () => {
    expect(readGrantRequest(form({ requested_token_type: `${TYPE}:jwt` })).exchange?.issuedTokenType).toBe(
      `${TYPE}:jwt`,
    )
  })

  it('ignores parameters it does not know (RFC 6749 §3.2)', () => {
    expect(refusal(form({ client_id: 'x', options: '{}', foo: 'bar' }))).toBeUndefined()
  })

  it.each<[string, Record<string, string | undefined>]>([
    ['invalid_request', { grant_type: undefined }],
    ['unsupported_grant_type', { grant_type: 'CLIENT_CREDENTIALS' }],
    ['invalid_target', { grant_type: 'client_credentials', audience: undefined }],
    ['unsupported_grant_type', { grant_type: TOKEN_EXCHANGE.toUpperCase() }],
    ['unsupported_grant_type', { grant_type: 'authorization_code', subject_token: undefined }],
    ['invalid_request', { subject_token: undefined }],
    ['invalid_request', { subject_token_type: undefined }],
    ['invalid_request', { subject_token_type: 'jwt' }],
    ['invalid_request', { subject_token_type: `${TYPE}:refresh_token` }],
    ['invalid_request', { subject_token_type: `${TYPE}:saml2` }],
    ['invalid_request', { actor_token_type: `${TYPE}:jwt` }],
    ['invalid_request', { actor_token: 'a.b.c' }],
    ['invalid_request', { actor_token: 'a.b.c', actor_token_type: `${TYPE}:saml2` }],
    ['invalid_request', { requested_token_type: `${TYPE}:refresh_token` }],
    ['invalid_request', { requested_token_type: 'at+jwt' }],
    ['invalid_target', { audience: undefined }],
    ['invalid_target', { resource: 'https://ledger.test/' }],
  ])('%s: %j', (code, changes) => {
    expect(refusal(form(changes))).toBe(code)
  })

  it.each(['audience', 'resource'])('invalid_target: more than one %s (RFC 8707 §2)', (name) => {
    const parameters = form({ audience: undefined })
    parameters.append(name, 'https://one.test')
    parameters.append(name, 'https://two.test')
    expect(refusal(parameters)).toBe('invalid_target')
  })
})
