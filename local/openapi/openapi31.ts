import { descriptionOf } from '../../functions/openapi/fields.ts'
import {
  REQUEST_HEADERS,
  RESPONSE_HEADERS,
  type RequestHeader,
  type ResponseHeader,
} from '../../functions/openapi/headers.ts'
import { TAGS } from '../../functions/openapi/operation.ts'
import { OAuthError, Problem } from '../../functions/openapi/refusals.ts'
import type { JsonSchema } from './json-schema.ts'
import { mapValues } from './json-schema.ts'
import type { Operation } from './operations.ts'
import { createSchemas, type Schemas } from './schemas.ts'
import { ABOUT, VERSION } from './texts.ts'

const SCHEMAS = '#/components/schemas/'
const FORM = 'application/x-www-form-urlencoded'

/** The OpenAPI 3.1 document of the operations. */
export function openapi31(operations: readonly Operation[]) {
  const schemas = createSchemas('draft-2020-12', SCHEMAS)
  const responses = createShared('#/components/responses/')
  const paths: Record<string, Record<string, unknown>> = {}
  for (const operation of operations) {
    const { path, method } = operation
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(operation, schemas, responses) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Sallyport', version: VERSION, ...ABOUT },
    servers: [{ url: '/', description: 'The gateway that this document came from.' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: schemas.named,
      responses: responses.all,
      parameters: mapValues(REQUEST_HEADERS, ({ what, schema }, name) => ({
        ...{ name, in: 'header', description: what },
        schema: schemas.inline(schema),
      })),
      headers: mapValues(RESPONSE_HEADERS, ({ what, schema }) => ({
        description: what,
        schema: schemas.inline(schema),
      })),
      securitySchemes: {
        bearer: {
          ...{ type: 'http', scheme: 'bearer' },
          description: 'A token of a trusted issuer whose audience is this gateway, or the credential of a grant.',
        },
        dpop: {
          ...{ type: 'http', scheme: 'dpop' },
          description: 'The same, bound to a key: with a proof in the header `DPoP` (RFC 9449).',
        },
      },
    },
  }
}

function operationOf(operation: Operation, schemas: Schemas, shared: Shared) {
  const { description, text, requestHeaders, answers, refusals, dialect } = operation
  const { id, tag, summary, caller, path, query, body, webhook } = description
  const parameters = [
    ...parametersOf('path', path && schemas.inline(path)),
    ...parametersOf('query', query && schemas.inline(query)),
    ...requestHeaders.map((name: RequestHeader) => ({ $ref: `#/components/parameters/${name}` })),
  ]
  return {
    ...{ tags: [tag], operationId: id, summary, description: text },
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: { required: true, content: content(body.kind === 'json' ? 'application/json' : FORM, body.schema) },
    }),
    responses: {
      ...Object.fromEntries(answers.map((answer) => [answer.status, answerOf(answer)])),
      ...Object.fromEntries(
        refusals.map(({ status, what, headers }) => [status, shared.put(`${id}${status}`, refused(what, headers))]),
      ),
      default: shared.put(`${id}Default`, refused('Any other refusal.', ['X-Sallyport-Txn'])),
    },
    ...(webhook && { callbacks: callbackOf(webhook) }),
    security: SECURITY[caller],
  }

  function answerOf({ what, body, text, headers }: Operation['answers'][number]) {
    return {
      description: what,
      headers: headersOf(headers),
      ...(body && { content: { ...content('application/json', body), ...(text && { [text]: TEXT }) } }),
    }
  }

  function refused(what: string, headers: readonly ResponseHeader[]) {
    const [type, schema] =
      dialect === 'oauth'
        ? (['application/json', OAuthError] as const)
        : (['application/problem+json', Problem] as const)
    return { description: what, headers: headersOf(headers), content: content(type, schema) }
  }

  function content(type: string, schema: Parameters<Schemas['nameOf']>[0]) {
    return { [type]: { schema: { $ref: `${SCHEMAS}${schemas.nameOf(schema)}` } } }
  }

  function callbackOf({ callback, sends, what }: NonNullable<typeof webhook>) {
    const post = {
      summary: what,
      requestBody: { required: true, content: content('application/cloudevents+json', sends) },
      responses: { '2XX': { description: 'It has arrived.' } },
    }
    return { event: { [`{$request.body#/${callback}}`]: { post } } }
  }
}

const TEXT = { schema: { type: 'string' } }

/** A client may also say in the form who it is, or let the subject token speak for it. */
const SECURITY = { anybody: [], token: [{ bearer: [] }, { dpop: [] }], client: [{ bearer: [] }, { dpop: [] }, {}] }

const headersOf = (names: readonly ResponseHeader[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))

/** The members of a query or path as parameters. */
function parametersOf(place: 'path' | 'query', schema?: JsonSchema) {
  return Object.entries(schema?.properties ?? {}).map(([name, { description, ...rest }]) => ({
    ...{ name, in: place },
    description: description ?? descriptionOf(name),
    ...((place === 'path' || schema?.required?.includes(name)) && { required: true }),
    schema: rest,
  }))
}

type Shared = ReturnType<typeof createShared>

/** Equal parts stand in the document once, under the name that the first of them was given. */
function createShared(pointer: string) {
  const all: Record<string, unknown> = {}
  const names = new Map<string, string>()
  return {
    all,
    put(wanted: string, part: unknown): { $ref: string } {
      const text = JSON.stringify(part)
      const name = names.get(text) ?? wanted
      names.set(text, name)
      all[name] = part
      return { $ref: `${pointer}${name}` }
    },
  }
}
