import { beforeAll, describe, expect, it } from 'vitest'
import { PROOF_ALGORITHMS } from '../../shared/identity/possession/proof-key.ts'
import { badInputHost, CALLER } from '../support/bad-input/host.ts'
import { KNOWN, RECIPES } from '../support/bad-input/recipes.ts'
import { expectRefusal, MARKER } from '../support/bad-input/refusal.ts'
import { formText } from '../support/bad-input/sender.ts'
import { some } from '../support/bad-input/some.ts'

const { local, send } = badInputHost()

const METADATA = `resource_metadata="https://gateway.sallyport.test/.well-known/oauth-protected-resource"`
const KIBIBYTE = 1024

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Tokens that are no good, by what is wrong with them; each is made of a good one. */
const BAD_TOKENS: Record<string, (good: string) => string | Promise<string>> = {
  garbage: () => MARKER,
  'three parts of nothing': () => '..',
  'three letters': () => 'a.b.c',
  'JSON instead of a token': () => base64url({ [MARKER]: 1 }),
  'a good one cut short': (good) => good.slice(0, -9),
  'a good one with another signature': (good) => `${good.slice(0, -9)}AAAAAAAAA`,
  'a good one with a part more': (good) => `${good}.x`,
  'a good one with padding (F2)': (good) => `${good}=`,
  'a good one with a space inside': (good) => good.replace('.', ' .'),
  'two good ones, as the host joins repeated headers': (good) => `${good},Bearer ${good}`,
  'a good one with its claims changed': (good) => {
    const [header = '', payload = '', signature] = good.split('.')
    const claims = { ...claimsOf(`${header}.${payload}`), oid: local.tenant }
    return `${header}.${base64url(claims)}.${signature}`
  },
  'alg none': (good) => `${base64url({ alg: 'none', typ: 'JWT' })}.${good.split('.')[1]}.`,
  'an own alg none with a signature': (good) => `${base64url({ alg: 'none' })}.${good.split('.')[1]}.eA`,
  'a jku of the caller’s': (good) =>
    `${base64url({ alg: 'RS256', kid: 'k', jku: `https://${MARKER}.example/` })}.${good.split('.').slice(1).join('.')}`,
  '17 KiB of one letter (T29)': () => 'a'.repeat(17 * KIBIBYTE),
  '17 KiB in the shape of a token (T29)': (good) => `${good.split('.')[0]}.${'a'.repeat(17 * KIBIBYTE)}.eA`,
  expired: (good) => local.mint({ ...claimsOf(good), nbf: 1_700_000_000, iat: 1_700_000_000, exp: 1_700_003_600 }),
  'not valid yet': (good) =>
    local.mint({ ...claimsOf(good), nbf: 4_000_000_000, iat: 4_000_000_000, exp: 4_000_003_600 }),
  'for another audience': (good) => local.mint({ ...claimsOf(good), aud: 'api://ledger' }),
  'of an issuer that nobody trusts': (good) => {
    const stranger = local.issuer('stranger')
    return stranger.mint({ ...claimsOf(good), iss: stranger.issuer })
  },
  'of another tenant': (good) => {
    const tenant = '99999999-9999-4999-8999-999999999999'
    const iss = `https://login.microsoftonline.com/${tenant}/v2.0`
    return local.mint({ ...claimsOf(good), iss, tid: tenant }, { realm: tenant })
  },
  'signed by a key that nobody published': (good) => local.mint(claimsOf(good), { key: 'unpublished' }),
  'for the vault': () => local.operatorToken('https://vault.azure.net'),
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
}

let bad: Record<string, string>

beforeAll(async () => {
  const good = await local.callerToken(CALLER)
  const made = Object.entries(BAD_TOKENS).map(async ([name, make]) => [name, await make(good)] as const)
  bad = Object.fromEntries(await Promise.all(made))
})

/** Bearer first; RFC 9449 §7.1 offers DPoP beside it. */
const challenge = (error?: string) => {
  const bearer = ['Bearer realm="sallyport"', error && `error="${error}"`, METADATA].filter(Boolean).join(', ')
  return `${bearer}, DPoP algs="${PROOF_ALGORITHMS.join(' ')}"`
}

const closed = KNOWN.filter(({ recipe }) => recipe.credential === 'bearer')
const exchanged = KNOWN.filter(({ recipe }) => recipe.credential === 'form')

describe.each([...closed, ...exchanged])('Authorization of $title', (operation) => {
  const { dialect } = operation.endpoint
  const none = operation.recipe.credential === 'form' ? [] : [undefined]

  it.each(
    some(operation, [
      ...none,
      '',
      'Basic dXNlcjpwYXNz',
      'Bearer',
      'Bearer ',
      'Bearer\tx',
      `Token ${MARKER}`,
      'DPoP',
      'DPoPx $bearer',
    ]),
  )('401 missing_token: %j, with a challenge that names no error (RFC 6750 §3.1)', async (authorization) => {
    const answer = await send(operation, { headers: { authorization } })
    expectRefusal(answer, 'missing_token', dialect)
    expect(answer.headers['www-authenticate']).toBe(challenge())
  })

  it.each(some(operation, Object.keys(BAD_TOKENS)))('401 invalid_token: %s', async (name) => {
    const token = bad[name] ?? ''
    const answer = await send(operation, { headers: { authorization: `Bearer ${token}` } })
    expectRefusal(answer, 'invalid_token', dialect)
    expect(answer.headers['www-authenticate']).toBe(challenge('invalid_token'))
    expect(JSON.stringify(answer)).not.toContain(token)
  })

  it.each(
    some(operation, [
      ['the scheme DPoP without a proof', 'DPoP $bearer', undefined],
      ['a proof that is none', 'Bearer $bearer', MARKER],
      ['an empty proof', 'Bearer $bearer', ''],
      ['two proofs', 'DPoP $bearer', 'a.b.c,a.b.c'],
      ['a token for a proof', 'DPoP $bearer', '$bearer'],
      ['17 KiB for a proof (T29)', 'DPoP $bearer', 'a'.repeat(17 * KIBIBYTE)],
    ]),
  )('invalid_dpop_proof: %s', async (_, authorization, dpop) => {
    const answer = await send(operation, { headers: { authorization, dpop } })
    expectRefusal(answer, 'invalid_dpop_proof', dialect)
    expect(answer.headers['www-authenticate']).toMatch(/^DPoP error="invalid_dpop_proof", algs="[A-Za-z0-9 ]+"$/)
  })

  it('401 missing_token: a token anywhere else is none, nor what a platform would say (T9)', async () => {
    const headers = {
      authorization: undefined,
      'x-ms-client-principal': base64url({ userId: 'admin' }),
      'x-ms-token-aad-access-token': '$bearer',
      'x-functions-key': '$bearer',
      cookie: 'AppServiceAuthSession=$bearer',
    }
    const answer = await send(operation, { headers })
    if (operation.recipe.credential === 'form') expect(answer.status).toBe(200)
    else expectRefusal(answer, 'missing_token', dialect)
  })
})

describe.each(exchanged)('the subject token of $title', (operation) => {
  const { body } = operation.recipe

  it.each(Object.keys(BAD_TOKENS))('400 invalid_request: %s (RFC 8693 §2.2.2)', async (name) => {
    const form = formText(Object.entries({ ...(body?.good as Record<string, string>), subject_token: bad[name] ?? '' }))
    const answer = await send(operation, { body: form })
    expectRefusal(answer, 'invalid_subject_token', 'oauth')
    expect(answer.headers['www-authenticate']).toBeUndefined()
  })
})

describe('what needs no credential', () => {
  it.each(KNOWN.filter(({ recipe }) => recipe.credential === 'none'))(
    '200: $title, even with a bad one',
    async (open) => {
      const { status, headers } = await send(open, { headers: { authorization: `Bearer ${MARKER}` } })
      expect([status, headers['www-authenticate']]).toEqual([200, undefined])
    },
  )

  it('is health, public metadata and the documents of this interface alone', () => {
    const open = Object.entries(RECIPES).filter(([, { credential }]) => credential === 'none')
    expect(open.map(([title]) => title)).toEqual([
      'GET /healthz',
      'GET /openapi.json',
      'GET /swagger.json',
      'GET /.well-known/openid-configuration',
      'GET /.well-known/oauth-authorization-server',
      'GET /.well-known/oauth-protected-resource',
      'GET /oauth2/jwks',
    ])
  })
})
