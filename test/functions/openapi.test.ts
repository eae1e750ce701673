import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { repositoryRoot } from '../../local/repository-root.ts'
import { badInputHost } from '../support/bad-input/host.ts'
import { type JsonBody, KNOWN, type Known } from '../support/bad-input/recipes.ts'
import { some } from '../support/bad-input/some.ts'
import { openApiDocument, swaggerDocument } from '../support/openapi/document.ts'
import { faultOf } from '../support/openapi/faults.ts'
import { changedBodies } from '../support/openapi/wrong-bodies.ts'

const { send } = badInputHost()
const { closed, exact, operation: described, schema } = openApiDocument()
const swagger = swaggerDocument()

const pathOf = ({ endpoint }: Known) => `/${endpoint.route}`

function documented(operation: Known) {
  const found = described(operation.method, pathOf(operation))
  if (!found) throw new Error(`${operation.title} is not described`)
  return found
}

/** Sends it and holds the answer against the document. */
async function ask(operation: Known, changes: Parameters<typeof send>[1] = {}) {
  const answer = await send(operation, changes)
  expect(faultOf(documented(operation), answer, closed)).toBeUndefined()
  return answer
}

const MALFORMED: [header: string, value: string][] = [
  ['idempotency-key', 'k'.repeat(129)],
  ['if-match', 'no tag'],
  ['if-none-match', 'no tag'],
  ['dpop', 'no proof'],
  ['x-sallyport-purpose', 'UPPER'],
  ['x-sallyport-ticket', 'a b'],
]

const reads = (operation: Known, header: string) =>
  documented(operation).parameters.some(({ name }) => name.toLowerCase() === header)

describe.each(KNOWN)('$title answers as it is described', (operation) => {
  const read = MALFORMED.filter(([header]) => reads(operation, header))

  it('a good request, in both documents; a header that is not described is not read', async () => {
    const headers = Object.fromEntries(MALFORMED.filter((header) => !read.includes(header)))
    const answer = await ask(operation, { headers })
    expect(answer.status, answer.body).toBeLessThan(300)
    const name = swagger.answer(operation.method, pathOf(operation), String(answer.status))
    if (!name || !String(answer.headers['content-type']).startsWith('application/json')) return
    const validate = swagger.definitions(name)
    expect(validate(JSON.parse(answer.body)), JSON.stringify(validate.errors)).toBe(true)
  })

  it.each(some(operation, read))('400 or 401: %s is read', async (name, value) => {
    const { status } = await ask(operation, { headers: { [name]: value } })
    expect([400, 401]).toContain(status)
  })

  it('the query: what is described is known, and nothing else', async () => {
    if (operation.recipe.credential !== 'bearer' || operation.endpoint.dialect === 'oauth') return
    const unknown = 'has a field that is not known'
    const detailOf = async (query: string) => JSON.parse((await ask(operation, { query })).body || '{}').detail
    expect(await detailOf('undescribed=1')).toBe(unknown)
    const query = documented(operation).parameters.filter((one) => one.in === 'query')
    const [known] = operation.recipe.repeatable?.split('=') ?? []
    if (known) expect(query.map(({ name }) => name)).toContain(known)
    for (const { name } of query) {
      expect(await detailOf(`${name}=%00`), name).not.toBe(unknown)
    }
  })
})

type WithJson = Known & { recipe: { body: JsonBody } }
const bodied = KNOWN.filter((operation): operation is WithJson => operation.recipe.body?.kind === 'json')

/** What a run puts in place of a `$` name. */
const filled = (body: unknown) => JSON.parse(JSON.stringify(body).replaceAll(/"\$[^"]*"/g, `"${'0'.repeat(64)}"`))

describe.each(bodied)('the body of $title', (operation) => {
  const name = documented(operation).body?.schema ?? ''
  const isTaken = (body: unknown): boolean => exact(name)(filled(body))
  const { good } = operation.recipe.body

  it('is refused for what the document refuses; a good one is taken', async () => {
    expect(isTaken(good), JSON.stringify(exact(name).errors)).toBe(true)
    const wrong = [...changedBodies(good, schema(name))].filter(([, body]) => !isTaken(body))
    expect(wrong.length).toBeGreaterThan(3)
    for (const [what, body] of some(operation, wrong)) {
      const { status } = await ask(operation, { body: JSON.stringify(body) })
      expect([what, status]).toEqual([what, 400])
    }
  })
})

const forms = KNOWN.filter(({ recipe }) => recipe.body?.kind === 'form')

it.each(forms)('$title takes the form that is described', (operation) => {
  const { body } = documented(operation)
  expect(body?.type).toBe('application/x-www-form-urlencoded')
  const validate = exact(body?.schema ?? '')
  expect(validate(operation.recipe.body?.good), JSON.stringify(validate.errors)).toBe(true)
})

describe.each(['openapi.json', 'swagger.json'])('GET /%s', (name) => {
  const operation = KNOWN.find(({ endpoint }) => endpoint.route === name) as Known

  it('200: the committed file, to anybody, for pages of any origin; 304 to who has it', async () => {
    const { status, headers, body } = await ask(operation)
    expect([status, body]).toEqual([200, readFileSync(join(repositoryRoot, 'docs', name), 'utf8')])
    expect(headers).toMatchObject({ 'access-control-allow-origin': '*', 'cache-control': 'public, max-age=300' })
    const known = await ask(operation, { headers: { 'if-none-match': `W/${headers['etag']}, "x"` } })
    expect([known.status, known.body, known.headers['etag']]).toEqual([304, '', headers['etag']])
    expect((await ask(operation, { headers: { 'if-none-match': '"x"' } })).status).toBe(200)
  })
})

it('no other path is for pages of any origin: it is described of these two alone, and so answered', () => {
  const open = KNOWN.filter((operation) =>
    Object.values(documented(operation).responses).some(({ headers }) => 'Access-Control-Allow-Origin' in headers),
  )
  expect(open.map(({ title }) => title)).toEqual(['GET /openapi.json', 'GET /swagger.json'])
})
