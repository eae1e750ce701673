import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import AjvDraft4 from 'ajv-draft-04'
import addFormats from 'ajv-formats'
import { repositoryRoot } from '../../../local/repository-root.ts'

type Json = Record<string, unknown>
type Content = Record<string, { schema: { $ref?: string } }>

/** One answer of an operation, with what it refers to looked up. */
export type DocumentedAnswer = { description: string; headers: Record<string, unknown>; content: Content }

export type DocumentedOperation = {
  /** By status, and `default`. */
  responses: Record<string, DocumentedAnswer>
  parameters: { name: string; in: string; required?: boolean }[]
  /** Of the body; absent where it takes none. */
  body: { type: string; schema: string } | undefined
}

const read = (name: string) => JSON.parse(readFileSync(join(repositoryRoot, 'docs', name), 'utf8'))

/** The committed OpenAPI 3.1 document, read by its own rules: nothing of the generator is used. */
export function openApiDocument() {
  const document = read('openapi.json')
  const resolve = <T>(part: T | { $ref: string }): T => {
    if (typeof part !== 'object' || part === null || !('$ref' in part)) return part as T
    const found = part.$ref
      .slice(2)
      .split('/')
      .reduce((at: Json, name: string) => at[name] as Json, document)
    return found as T
  }
  const templates = Object.keys(document.paths).map((template) => ({
    template,
    pattern: new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }))
  const closed = validatorsOf(new Ajv2020(OPTIONS), withoutMore(document), '#/components/schemas/')
  return {
    closed,
    /** For requests: they are refused for what is not described, as they stand. */
    exact: validatorsOf(new Ajv2020(OPTIONS), document, '#/components/schemas/'),
    schema: (name: string): Json => document.components.schemas[name],
    /** The described path that this one is of. */
    templateOf: (path: string) => templates.find(({ pattern }) => pattern.test(path))?.template,
    operation(method: string, path: string): DocumentedOperation | undefined {
      const found = document.paths[path]?.[method.toLowerCase()]
      if (!found) return undefined
      const content: [string, { schema: { $ref: string } }][] = Object.entries(found.requestBody?.content ?? {})
      const [type, body] = content[0] ?? []
      const responses = Object.entries(found.responses as Record<string, DocumentedAnswer>).map(([status, answer]) => {
        const { description, headers = {}, content = {} } = resolve(answer)
        return [status, { description, headers, content }] as const
      })
      return {
        responses: Object.fromEntries(responses),
        parameters: (found.parameters ?? []).map(resolve),
        body: type && body ? { type, schema: nameOf(body.schema) } : undefined,
      }
    },
  }
}

/** What the Swagger 2.0 document says of bodies of successful answers. */
export function swaggerDocument() {
  const document = read('swagger.json')
  // As the designers read it; JSON Schema has another word for it.
  const nullable = JSON.parse(JSON.stringify(document).replaceAll('"x-nullable"', '"nullable"'))
  const definitions = validatorsOf(new AjvDraft4.default(OPTIONS), withoutMore(nullable), '#/definitions/')
  return {
    definitions,
    answer(method: string, path: string, status: string): string | undefined {
      const { schema } = document.paths[path]?.[method.toLowerCase()]?.responses[status] ?? {}
      return schema && nameOf(schema)
    },
  }
}

export const nameOf = ({ $ref = '' }: { $ref?: string }) => $ref.slice($ref.lastIndexOf('/') + 1)

const OPTIONS = { strict: false, logger: false, validateSchema: false } as const

type Validators = (name: string) => ValidateFunction

function validatorsOf(ajv: Ajv2020, document: Json, pointer: string): Validators {
  addFormats.default(ajv)
  ajv.addSchema(document, 'document')
  return (name) => {
    const validate = ajv.getSchema(`document${pointer}${name}`)
    if (!validate) throw new Error(`${pointer}${name} is not in the document`)
    return validate
  }
}

/** What is not described is not there: answers may gain members, but not without being described. */
function withoutMore<T>(part: T): T {
  if (typeof part !== 'object' || part === null) return part
  if (Array.isArray(part)) return part.map(withoutMore) as T
  const below = Object.fromEntries(Object.entries(part).map(([name, each]) => [name, withoutMore(each)]))
  const isShape = below['type'] === 'object' && typeof below['properties'] === 'object'
  return (isShape && !('additionalProperties' in below) ? { ...below, additionalProperties: false } : below) as T
}
