import { descriptionOf, titleOf } from '../../functions/openapi/fields.ts'
import { REQUEST_HEADERS, RESPONSE_HEADERS, type ResponseHeader } from '../../functions/openapi/headers.ts'
import type { Description } from '../../functions/openapi/operation.ts'
import { TAGS } from '../../functions/openapi/operation.ts'
import { OAuthError, Problem } from '../../functions/openapi/refusals.ts'
import { flatten } from './flat.ts'
import { type JsonSchema, mapValues } from './json-schema.ts'
import type { Operation } from './operations.ts'
import { createSchemas, type Schemas } from './schemas.ts'
import { ABOUT, VERSION } from './texts.ts'

const DEFINITIONS = '#/definitions/'
const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'
const AUTHORITY = 'https://login.microsoftonline.com/common/oauth2/v2.0'

/** Flows have no proofs of possession, and take JSON. */
const NOT_FOR_DESIGNERS: readonly string[] = ['DPoP', 'Accept']

/** The Swagger 2.0 document of the operations, for the designers of Logic Apps and Power Automate. */
export function swagger20(operations: readonly Operation[]) {
  const { named, ...schemas } = createSchemas('draft-4', DEFINITIONS)
  const flat = mapValues(named, (schema) => flatten(schema, named))
  const definitions = operations.reduce((all, { description }) => withCallback(all, description, schemas), flat)
  const used = { ...schemas, named: definitions }
  const paths: Record<string, Record<string, unknown>> = {}
  for (const operation of operations) {
    const { path, method, description } = operation
    paths[path] = {
      ...paths[path],
      ...(description.webhook && { 'x-ms-notification-content': notification(description.webhook, used) }),
      [method.toLowerCase()]: operationOf(operation, used),
    }
  }
  const { license, description } = ABOUT
  return {
    swagger: '2.0',
    info: { title: 'Sallyport', version: VERSION, description, license: { name: license.name } },
    basePath: '/',
    consumes: [JSON_TYPE],
    produces: [JSON_TYPE],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    definitions,
    securityDefinitions: {
      entra: {
        ...{ type: 'oauth2', flow: 'accessCode' },
        authorizationUrl: `${AUTHORITY}/authorize`,
        tokenUrl: `${AUTHORITY}/token`,
        scopes: { user_impersonation: 'Ask the gateway as the signed-in user.' },
        description: 'A token of Entra for the application of the gateway. Managed identities get theirs without this.',
      },
    },
  }
}

/** The runtime of flows puts its own URL there. */
function withCallback(all: Schemas['named'], { webhook, body }: Description, { nameOf }: Pick<Schemas, 'nameOf'>) {
  if (!webhook || !body) return all
  const name = nameOf(body.schema)
  const { properties = {}, ...schema } = all[name] ?? {}
  const filled = { ...properties[webhook.callback], 'x-ms-notification-url': true, 'x-ms-visibility': 'internal' }
  return { ...all, [name]: { ...schema, properties: { ...properties, [webhook.callback]: filled } } }
}

function notification({ sends, what }: NonNullable<Description['webhook']>, schemas: Schemas) {
  return { description: what, schema: { $ref: `${DEFINITIONS}${schemas.nameOf(sends)}` } }
}

function operationOf(operation: Operation, schemas: Schemas) {
  const { description, text, answers, refusals, dialect } = operation
  const { id, tag, summary, caller, visibility, body, webhook } = description
  const [refusalType, refusal] = dialect === 'oauth' ? [JSON_TYPE, OAuthError] : ['application/problem+json', Problem]
  const isText = answers.some(({ text }) => text)
  return {
    ...{ tags: [tag], operationId: id, summary, description: text, 'x-ms-visibility': visibility },
    ...(webhook && { 'x-ms-trigger': 'single' }),
    ...(body?.kind === 'form' && { consumes: [FORM_TYPE] }),
    produces: [...new Set([JSON_TYPE, refusalType, ...(isText ? ['text/html'] : [])])],
    parameters: parametersOf(operation, schemas),
    responses: {
      ...Object.fromEntries(answers.map(({ status, what, headers, body }) => [status, response(what, headers, body)])),
      ...Object.fromEntries(refusals.map(({ status, what }) => [status, response(what, [], refusal)])),
      default: response('Any other refusal.', [], refusal),
    },
    security: caller === 'anybody' ? [] : [{ entra: ['user_impersonation'] }],
  }

  function response(what: string, headers: readonly ResponseHeader[], body?: Parameters<Schemas['nameOf']>[0]) {
    return {
      description: what,
      ...(body && { schema: { $ref: `${DEFINITIONS}${schemas.nameOf(body)}` } }),
      ...(headers.length > 0 && { headers: headersOf(headers) }),
    }
  }
}

const headersOf = (names: readonly ResponseHeader[]) =>
  Object.fromEntries(names.map((name) => [name, { type: 'string', description: RESPONSE_HEADERS[name].what }]))

function parametersOf({ description, requestHeaders }: Operation, schemas: Schemas) {
  const { path, query, body } = description
  const headers = requestHeaders.filter((name) => !NOT_FOR_DESIGNERS.includes(name))
  return [
    ...members('path', path && schemas.inline(path)),
    ...members('query', query && schemas.inline(query)),
    ...headers.map((name) => ({
      ...{ name, in: 'header', description: REQUEST_HEADERS[name].what },
      'x-ms-summary': titleOf(name.replace('X-Sallyport-', '')),
      'x-ms-visibility': 'advanced',
      ...scalar(schemas.inline(REQUEST_HEADERS[name].schema)),
    })),
    ...(body
      ? body.kind === 'form'
        ? members('formData', schemas.named[schemas.nameOf(body.schema)])
        : [inBody(body.schema)]
      : []),
  ]

  function inBody(schema: Parameters<Schemas['nameOf']>[0]) {
    const reference = { $ref: `${DEFINITIONS}${schemas.nameOf(schema)}` }
    return {
      name: 'body',
      in: 'body',
      required: true,
      description: 'What is asked for.',
      'x-ms-summary': 'Body',
      schema: reference,
    }
  }
}

/** The members of an object as parameters. */
function members(place: 'path' | 'query' | 'formData', schema?: JsonSchema) {
  return Object.entries(schema?.properties ?? {}).map(([name, member]) => {
    const required = place === 'path' || schema?.required?.includes(name)
    return {
      ...{ name, in: place, description: member.description ?? descriptionOf(name) },
      ...(required && { required: true }),
      'x-ms-summary': titleOf(name),
      ...(place !== 'path' && { 'x-ms-visibility': required ? 'important' : 'advanced' }),
      ...scalar(member),
    }
  })
}

const SCALAR = ['type', 'format', 'pattern', 'minLength', 'maxLength', 'minimum', 'maximum', 'enum', 'default'] as const

/** What a parameter of 2.0 says of its value. */
function scalar(schema: JsonSchema): Record<string, unknown> {
  const one = flatten(schema, {})
  const said = SCALAR.flatMap((keyword) => (one[keyword] === undefined ? [] : [[keyword, one[keyword]] as const]))
  return { type: 'string', ...Object.fromEntries(said) }
}
