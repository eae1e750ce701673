import { describe, expect, it } from 'vitest'
import { badInputHost } from '../support/bad-input/host.ts'
import { KNOWN, OPERATIONS, RECIPES } from '../support/bad-input/recipes.ts'
import { expectOurs, expectRefusal, MARKER } from '../support/bad-input/refusal.ts'
import { some } from '../support/bad-input/some.ts'

const { send } = badInputHost()

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

describe('the table of recipes', () => {
  it('has one for every operation of every endpoint, and none for another', () => {
    expect(OPERATIONS.map(({ title }) => title).toSorted()).toEqual(Object.keys(RECIPES).toSorted())
  })

  it('gives a body to every method that takes one', () => {
    const wrong = KNOWN.filter(
      ({ method, recipe }) => ['POST', 'PUT', 'PATCH'].includes(method) !== Boolean(recipe.body ?? recipe.bodiless),
    )
    expect(wrong).toEqual([])
  })

  it.each(KNOWN)('2xx: $title as it should be', async (operation) => {
    const answer = await send(operation)
    expect([200, 201, 202, 204], answer.body).toContain(answer.status)
    expectOurs(answer)
    const isPublic = operation.recipe.credential === 'none' && operation.endpoint.name !== 'healthz'
    expect(answer.headers['cache-control']).toBe(isPublic ? 'public, max-age=300' : 'no-store')
  })
})

describe.each(KNOWN)('wrong methods of $title', (operation) => {
  const { endpoint } = operation
  const wrong = METHODS.filter((method) => !Object.hasOwn(endpoint.methods, method))

  it.each(some(operation, wrong))(
    '405 method_not_allowed: %s, with Allow, and nothing is looked at',
    async (method) => {
      const answer = await send(operation, { method, headers: { 'x-http-method-override': operation.method } })
      expect(answer.status).toBe(405)
      expect(answer.headers['allow']).toBe(Object.keys(endpoint.methods).join(', '))
      if (method === 'HEAD') expectOurs(answer)
      else expectRefusal(answer, 'method_not_allowed', endpoint.dialect)
    },
  )

  it('404 from the host: TRACE, which the runtime’s library cannot even represent', async () => {
    expect(await send(operation, { method: 'TRACE', body: null })).toMatchObject({ status: 404, body: '' })
  })

  it('405 method_not_allowed: a preflight of another origin, with no permission in it', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': operation.method }
    const answer = await send(operation, { method: 'OPTIONS', headers })
    expectRefusal(answer, 'method_not_allowed', endpoint.dialect)
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
  })
})

const withQuery = KNOWN.filter(({ recipe }) => recipe.badQueries)

describe.each(withQuery)('the query of $title', (operation) => {
  const { endpoint, recipe } = operation

  it.each(
    some(operation, [
      `${MARKER}=1`,
      `${MARKER}=1&${MARKER}=2`,
      'access_token=$bearer',
      '__proto__=1',
      'constructor=1',
      '%ff=1',
      '%=1',
      '=1',
      ...(recipe.repeatable ? [`${recipe.repeatable}&${recipe.repeatable}`] : []),
      ...(recipe.badQueries ?? []),
    ]),
  )('400 invalid_request: ?%s', async (query) => {
    expectRefusal(await send(operation, { query }), 'invalid_request', endpoint.dialect)
  })
})

const withoutQuery = KNOWN.filter(({ recipe }) => !recipe.badQueries)

describe.each(withoutQuery)('a query that nobody reads: $title', (operation) => {
  it.each([`${MARKER}=1&${MARKER}=2`, '__proto__=1', '%ff=%'])('200: ?%s changes nothing', async (query) => {
    const { status, body } = await send(operation, { query })
    expect(status).toBe(200)
    expect(body).not.toContain(MARKER)
  })
})

const identified = KNOWN.filter(({ recipe }) => recipe.credential !== 'none')

/** Node sends no control but the tab; other bytes above 0x7f go out as latin1. */
const BAD_HEADERS: [name: string, value: string][] = [
  ['x-sallyport-purpose', `UPPER-${MARKER}`],
  ['x-sallyport-purpose', 'two words'],
  ['x-sallyport-purpose', 'p'.repeat(65)],
  ['x-sallyport-purpose', ''],
  ['x-sallyport-purpose', 'a,a'],
  ['x-sallyport-ticket', 'a b'],
  ['x-sallyport-ticket', `<${MARKER}>`],
  ['x-sallyport-ticket', 't'.repeat(129)],
  ['x-sallyport-reason', `tab\t${MARKER}`],
  ['x-sallyport-reason', 'next\x85line'],
  ['x-sallyport-reason', 'r'.repeat(257)],
]

describe.each(identified)('headers of ours that are malformed: $title', (operation) => {
  it.each(some(operation, BAD_HEADERS))('400 invalid_request: %s %j', async (name, value) => {
    expectRefusal(await send(operation, { headers: { [name]: value } }), 'invalid_request', operation.endpoint.dialect)
  })

  it('200: what proxies write is not the caller’s fault', async () => {
    const headers = { 'x-forwarded-for': `${MARKER}, 999.1.1.1,%%%`, forwarded: '"', 'x-ms-client-principal': '%' }
    const answer = await send(operation, { headers })
    expect([200, 201, 202, 204], answer.body).toContain(answer.status)
  })
})

const conditional = KNOWN.filter(({ endpoint }) => endpoint.name === 'secret')

describe.each(conditional)('preconditions of $title', (operation) => {
  it.each(['x', '"a', '"a" "b"', '"a",', `"${'a'.repeat(129)}"`, `"${MARKER}"`.repeat(400), ''])(
    '400 invalid_request: If-None-Match %#',
    async (tag) => {
      const answer = await send(operation, { headers: { 'if-none-match': tag } })
      expectRefusal(answer, 'invalid_request', operation.endpoint.dialect)
    },
  )
})
