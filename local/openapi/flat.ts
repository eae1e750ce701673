import { titleOf } from '../../functions/openapi/fields.ts'
import { type JsonSchema, mapSchema, mapValues } from './json-schema.ts'

/**
 * A draft 4 schema as Swagger 2.0 and the designers of Logic Apps take it: no `oneOf`, `anyOf`, `null` or list of types, every
 * property with a title. What cannot be said flat is said more widely, so that everything the gateway answers fits; where a
 * request may be one of several things, it is told in the form that is easiest to send.
 */
export const flatten = (schema: JsonSchema, named: Readonly<Record<string, JsonSchema>>): JsonSchema =>
  mapSchema(inlined(schema, named), (one) => titled(withoutUnions(known(one))))

/** A named schema within another: a title cannot stand beside `$ref`. Items of lists may be references. */
function inlined(schema: JsonSchema, named: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return mapSchema(schema, (one) => {
    if (!one.properties) return one
    return { ...one, properties: mapValues(one.properties, (each) => ({ ...target(each), ...without$ref(each) })) }
  })

  function target(each: JsonSchema): JsonSchema {
    const $ref = referenceOf(each)
    if ($ref === undefined) return {}
    const found = named[$ref.slice($ref.lastIndexOf('/') + 1)]
    if (!found) throw new Error(`${$ref} leads nowhere`)
    return inlined(found, named)
  }
}

/** With something beside it zod writes a reference for draft 4 as the only one of `allOf`. */
const referenceOf = ({ $ref, allOf }: JsonSchema) => $ref ?? (allOf?.length === 1 ? allOf[0]?.$ref : undefined)

function without$ref(schema: JsonSchema): JsonSchema {
  const { $ref, allOf, ...rest } = schema
  return referenceOf(schema) === undefined ? schema : (rest as JsonSchema)
}

/** What 2.0 does not know. */
function known({ propertyNames, contentEncoding, not, ...schema }: JsonSchema): JsonSchema {
  return schema as JsonSchema
}

function withoutUnions(schema: JsonSchema): JsonSchema {
  const { anyOf, oneOf, allOf, type, ...rest } = schema
  const branches = anyOf ?? oneOf
  if (Array.isArray(type)) return { ...rest, ...single(type) } as JsonSchema
  if (!branches) return (allOf ? { ...allOf[0], ...rest, ...(type && { type }) } : schema) as JsonSchema
  const present = branches.filter((branch) => branch.type !== 'null')
  const nullable = present.length < branches.length && { 'x-nullable': true }
  return { ...rest, ...nullable, ...one(present) } as JsonSchema
}

/** Of several branches: the only one, text where text is one of them, otherwise anything. */
function one(branches: readonly JsonSchema[]): JsonSchema {
  const [first, ...others] = branches
  if (first && others.length === 0) return first
  if (branches.every(({ type }) => type === 'object')) return merged(branches)
  const scalar = branches.every(({ type }) => ['string', 'integer', 'number', 'boolean'].includes(String(type)))
  return scalar && branches.some(({ type }) => type === 'string') ? { type: 'string' } : {}
}

const merged = (branches: readonly JsonSchema[]): JsonSchema => ({
  type: 'object',
  properties: Object.assign({}, ...branches.map(({ properties }) => properties)),
})

const single = (types: readonly string[]) => {
  const [type, ...others] = types.filter((each) => each !== 'null')
  return { ...(type && others.length === 0 && { type }), ...(types.includes('null') && { 'x-nullable': true }) }
}

const titled = (schema: JsonSchema): JsonSchema =>
  schema.properties
    ? {
        ...schema,
        properties: mapValues(schema.properties, (each, name) => ({ 'x-ms-summary': titleOf(name), ...each })),
      }
    : schema
