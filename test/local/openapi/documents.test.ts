import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import SwaggerParser from '@apidevtools/swagger-parser'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { ENDPOINTS } from '../../../functions/endpoints.ts'
import { OPERATIONS } from '../../../functions/openapi/operations.ts'
import { CLIENT_ID, connectorDefinition, connectorProperties, HOST } from '../../../local/openapi/connector.ts'
import { openapi31 } from '../../../local/openapi/openapi31.ts'
import { allOperations } from '../../../local/openapi/operations.ts'
import { swagger20 } from '../../../local/openapi/swagger20.ts'
import { repositoryRoot } from '../../../local/repository-root.ts'

type Json = Record<string, unknown>

const operations = allOperations()
const made: Record<string, Json> = {
  'docs/openapi.json': openapi31(operations),
  'docs/swagger.json': swagger20(operations),
  'infra/connector/apiDefinition.swagger.json': connectorDefinition(operations),
  'infra/connector/apiProperties.json': connectorProperties(),
}
const committed = (path: string) => readFileSync(join(repositoryRoot, path), 'utf8')
const documents = Object.keys(made).slice(0, 3)

const validator = new Validator()
/** The OpenAPI schemas leave schemas themselves to JSON Schema: 2020-12 in 3.1, and 2.0 says itself what it takes. */
const json2020 = new Ajv2020({ strict: false })

/** What validators that are not ours say against a document; none of them asks a network. */
async function faultsOf(document: Json): Promise<string[]> {
  const parsed = await parse(structuredClone(document)).then(
    () => [],
    (error: unknown) => [`swagger-parser: ${String(error)}`],
  )
  const { valid, errors } = await validator.validate(structuredClone(document))
  const wrong = 'openapi' in document ? schemasOf(document).filter(([, one]) => !json2020.validateSchema(one)) : []
  return [
    ...parsed,
    ...(valid ? [] : [`openapi-schema-validator: ${JSON.stringify(errors)}`]),
    ...wrong.map(([at]) => `json-schema: ${at}`),
  ]
}

const parse = (document: Json): Promise<unknown> =>
  SwaggerParser.validate(document as never, { resolve: { external: false } })

const schemasOf = (document: Json) =>
  [...objectsOf(document)].filter(([at]) => at.endsWith('/schema') || /^\/components\/schemas\/[^/]+$/.test(at))

describe('the operations of the documents', () => {
  it('are those of the endpoints, none more and none less', () => {
    const registered = ENDPOINTS.flatMap(({ route, methods }) =>
      Object.keys(methods).map((name) => `${name} /${route}`),
    )
    expect(OPERATIONS.map(([title]) => title).sort()).toEqual(registered.sort())
  })

  it('have an id of their own in PascalCase, a summary in sentence case, and sentences for descriptions', () => {
    const all = OPERATIONS.map(([, description]) => description)
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    for (const { id, summary, description, answers } of all) {
      expect(id).toMatch(/^[A-Z][A-Za-z0-9]+$/)
      expect(summary, id).toMatch(/^[A-Z].{4,}[^.]$/)
      for (const sentence of [description, ...Object.values(answers).map(({ what }) => what)]) {
        expect(sentence, id).toMatch(/^(?:[A-Z`]|\d{3} ).*\.$/)
      }
    }
  })

  it('are no part of the app: nothing of it imports their descriptions', () => {
    const files = ['functions', 'shared'].flatMap((folder) =>
      readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' }).map((path) =>
        join(folder, path),
      ),
    )
    const app = files.filter((path) => path.endsWith('.ts') && !path.startsWith('functions/openapi/'))
    expect(app.filter((path) => /from '[^']*openapi\//.test(committed(path)))).toEqual([])
  })
})

describe('the documents', () => {
  it.each(Object.keys(made))('%s is what the code says (npm run docs)', (path) => {
    expect(JSON.parse(committed(path))).toEqual(JSON.parse(JSON.stringify(made[path])))
  })

  it.each(documents)('%s: validators that are not ours find nothing', async (path) => {
    expect(await faultsOf(JSON.parse(committed(path)))).toEqual([])
  })

  const one = operations.filter(({ path }) => path === '/v1/secrets')
  const small: Record<string, Json> = { '3.1': openapi31(one), '2.0': connectorDefinition(one) }
  it.each([
    ['a reference that leads nowhere', '"$ref":"', '"$ref":"#/nowhere'],
    ['a parameter that is nowhere', '"in":"query"', '"in":"cookie-jar"'],
    ['an answer without a description', '"description":"One page."', '"summary":"One page."'],
    ['a schema of no known type', '"type":"object"', '"type":"thing"'],
    ['a method that is none', '"get":{', '"fetch":{'],
    ['a security scheme of no known kind', /"type":"(?:http|oauth2)"/, '"type":"password"'],
  ])('a validator finds %s, in both', async (_, right, wrong) => {
    for (const [version, document] of Object.entries(small)) {
      const text = JSON.stringify(document)
      const broken = text.replace(right, wrong)
      expect(broken, version).not.toBe(text)
      expect(await faultsOf(JSON.parse(broken)), version).not.toEqual([])
    }
  })

  it('hold no server but the one they came from, and nothing of a deployment', () => {
    expect(made['docs/openapi.json']?.['servers']).toMatchObject([{ url: '/' }])
    expect(made['docs/swagger.json']).not.toHaveProperty('host')
  })
})

/** Every object below a part of a document, with its path. */
function* objectsOf(part: unknown, path = ''): Generator<[path: string, object: Json]> {
  if (typeof part !== 'object' || part === null) return
  if (!Array.isArray(part)) yield [path, part as Json]
  for (const [name, below] of Object.entries(part)) yield* objectsOf(below, `${path}/${name}`)
}

describe.each(documents.slice(1))('what designers need of %s', (path) => {
  const document = made[path] as Json
  const objects = [...objectsOf(JSON.parse(JSON.stringify(document)))]
  /** Keys of `properties` are names, not keywords. */
  const schemas = objects.filter(([at]) => !at.endsWith('/properties'))

  it('flat shapes: no union, no null, no list of types, one Error schema for each kind of route', () => {
    const unions = schemas.filter(([, one]) => ['oneOf', 'anyOf', 'allOf', 'not'].some((keyword) => keyword in one))
    expect(unions.map(([at]) => at)).toEqual([])
    expect(schemas.filter(([, { type }]) => type === 'null' || Array.isArray(type)).map(([at]) => at)).toEqual([])
    // A reference is all there is of a schema: designers pass over what stands beside it, or refuse the document.
    expect(schemas.filter(([, one]) => '$ref' in one && Object.keys(one).length > 1).map(([at]) => at)).toEqual([])
    const refusals = objects.filter(
      ([at]) => /\/responses\/(?:[45]\d\d|default)\/schema$/.test(at) && !/healthz/.test(at),
    )
    const references = new Set(refusals.map(([, { $ref }]) => $ref))
    expect([...references].sort()).toEqual(
      ['#/definitions/OAuthError', '#/definitions/Problem'].slice(path.startsWith('infra') ? 1 : 0),
    )
  })

  it('a title and a description for every parameter and every property of a body', () => {
    const parameters = objects.filter(([at]) => /\/parameters\/\d+$/.test(at))
    expect(parameters.length).toBeGreaterThan(100)
    const properties = objects.filter(([at]) => at.endsWith('/properties')).flatMap(([, all]) => Object.entries(all))
    const named = [...parameters.map(([at, one]) => [at, one] as const), ...properties] as [string, Json][]
    const lacking = named.filter(([, one]) => !one['x-ms-summary'] || !one['description'])
    expect(lacking.map(([name]) => name)).toEqual([])
  })

  it('an answer for everything that is not said', () => {
    const found = objects.filter(([at]) => at.endsWith('/responses'))
    for (const [at, responses] of found) {
      expect(responses, at).toHaveProperty('default')
      expect(
        Object.keys(responses).some((status) => /^[23]/.test(status)),
        at,
      ).toBe(true)
    }
  })
})

describe('the custom connector', () => {
  const text = committed('infra/connector/apiDefinition.swagger.json')
  const definition = JSON.parse(text)

  it('is below the limit of 1 MB', () => {
    expect(Buffer.byteLength(text)).toBeLessThan(1_000_000)
  })

  it('has one placeholder for the host and one for the application, which its README puts in', () => {
    expect(definition).toMatchObject({ host: HOST, basePath: '/', schemes: ['https'] })
    expect(text.split(HOST)).toHaveLength(2)
    expect(committed('infra/connector/apiProperties.json').split(CLIENT_ID)).toHaveLength(4)
    const readme = committed('infra/connector/README.md')
    expect(readme).toContain(`s/${HOST.replaceAll('.', '\\.')}/$HOST/`)
    expect(readme).toContain(`s/${CLIENT_ID}/$CLIENT_ID/`)
  })

  it('holds no definition that nothing leads to, and nothing of OAuth', () => {
    const names = Object.keys(definition.definitions)
    expect(names.filter((name) => !text.includes(`"#/definitions/${name}"`))).toEqual([])
    expect(names).not.toContain('OAuthError')
  })

  it('has a trigger: the runtime fills in its URL, is told what comes, and ends it by the Location of the 201', () => {
    const { post, 'x-ms-notification-content': content } = definition.paths['/v1/subscriptions']
    expect(post['x-ms-trigger']).toBe('single')
    expect(post.responses['201'].headers).toHaveProperty('Location')
    expect(definition.paths['/v1/subscriptions/{id}']).toHaveProperty('delete')
    expect(content.schema.$ref).toBe('#/definitions/CloudEvent')
    const body = definition.definitions[post.parameters.at(-1).schema.$ref.split('/').at(-1)]
    expect(body.properties.callbackUrl).toMatchObject({ 'x-ms-notification-url': true, 'x-ms-visibility': 'internal' })
  })
})
