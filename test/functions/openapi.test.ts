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

describe.each(KNOWN)('$title answers as it is described', (operation) => {
  it('a good request, in both documents', async () => {
    const answer = await ask(operation)
    expect(answer.status, answer.body).toBeLessThan(300)
    const name = swagger.answer(operation.method, pathOf(operation), String(answer.status))
    if (!name || !String(answer.headers['content-type']).startsWith('application/json')) return
    const validate = swagger.definitions(name)
    expect(validate(JSON.parse(answer.body)), JSON.stringify(validate.errors)).toBe(true)
  })

  it.each(some(operation, MALFORMED))('%s: read where it is described, and nowhere else', async (name, value) => {
    const isDescribed = documented(operation).parameters.some((one) => one.name.toLowerCase() === name)
    const { status } = await ask(operation, { headers: { [name]: value } })
    expect(status === 400 || status === 401).toBe(isDescribed)
  })

  it('the query: what is described is known, and nothing else', async () => {
    if (operation.recipe.credential !== 'bearer' || operation.endpoint.dialect === 'oauth') return
    const unknown = 'has a field that is not known'
    const detailOf = async (query: string) => JSON.parse((await ask(operation, { query })).body || '{}').detail
    expect(await detailOf('undescribed=1')).toBe(unknown)
    for (const { name } of documented(operation).parameters.filter((one) => one.in === 'query')) {
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

it('no other path is for pages of any origin', async () => {
  for (const operation of KNOWN.filter(({ endpoint }) => !/\.json$/.test(endpoint.route))) {
    const { headers } = await send(operation, { headers: { authorization: undefined, origin: 'https://a.example' } })
    expect(headers, operation.title).not.toHaveProperty('access-control-allow-origin')
  }
})
