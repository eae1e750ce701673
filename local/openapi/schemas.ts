import { z } from 'zod'
import { descriptionOf } from '../../functions/openapi/fields.ts'
import { ANSWERS, REQUESTS } from '../../functions/openapi/schemas.ts'
import { type JsonSchema, mapSchema, mapValues } from './json-schema.ts'

export type Target = 'draft-2020-12' | 'draft-4'
type Io = 'input' | 'output'

/** Schemas of one document. */
export type Schemas = {
  /** Those with a name of their own, by that name. */
  named: Record<string, JsonSchema>
  /** The name of a schema that has one; throws for one without. */
  nameOf(schema: z.ZodType): string
  /** A schema of a parameter or header. */
  inline(schema: z.ZodType): JsonSchema
}

/** Every schema of the operations as JSON Schema; `pointer` is where the document keeps the named ones. */
export function createSchemas(target: Target, pointer: string): Schemas {
  const uri = (id: string) => `${pointer}${id}`
  const convert = (registry: typeof REQUESTS, io: Io): Record<string, JsonSchema> =>
    mapValues(z.toJSONSchema(registry, { target, io, uri, unrepresentable: 'any' }).schemas, (schema) =>
      described(cleaned(schema as JsonSchema)),
    )
  const requests = convert(REQUESTS, 'input')
  const answers = mapValues(convert(ANSWERS, 'output'), (schema) => mapSchema(schema, opened))
  const twice = Object.keys(requests).filter((name) => name in answers)
  if (twice.length > 0) throw new Error(`a request and an answer have the same name: ${twice.join(', ')}`)
  return {
    named: sorted({ ...requests, ...answers }),
    nameOf(schema) {
      const name = REQUESTS.get(schema)?.id ?? ANSWERS.get(schema)?.id
      if (name === undefined) throw new Error('a body has no name: request() and answer() give one')
      return name
    },
    inline: (schema) => cleaned(z.toJSONSchema(schema, { target, io: 'input', unrepresentable: 'any' }) as JsonSchema),
  }
}

const sorted = <T>(object: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(object).sort(([one], [other]) => (one < other ? -1 : 1)))

function cleaned({ $schema, $id, id, ...schema }: JsonSchema): JsonSchema {
  return mapSchema(schema as JsonSchema, (one) => {
    const { pattern, ...rest } = one
    // A number of a query is read as text, and `date-time` says what its pattern says at length.
    const plain = one.type === 'integer' || one['format'] === 'date-time' ? (rest as JsonSchema) : one
    return withoutSafeBounds(plain)
  })
}

/** Later versions may answer more: who reads an answer passes over what it does not know. */
function opened(schema: JsonSchema): JsonSchema {
  const { additionalProperties, ...rest } = schema
  return additionalProperties === false ? (rest as JsonSchema) : schema
}

/** INVARIANT: no property without a description: one of its own, or the one that its name has everywhere. */
const described = (schema: JsonSchema): JsonSchema =>
  mapSchema(schema, (one) => {
    if (!one.properties) return one
    const describe = (each: JsonSchema, name: string) => ({
      description: each.description ?? descriptionOf(name),
      ...each,
    })
    return { ...one, properties: mapValues(one.properties, describe) }
  })

/** Every integer is a safe one; that is no news. */
function withoutSafeBounds(schema: JsonSchema): JsonSchema {
  const { minimum, maximum, ...rest } = schema
  return {
    ...rest,
    ...(minimum !== undefined && minimum !== Number.MIN_SAFE_INTEGER && { minimum }),
    ...(maximum !== undefined && maximum !== Number.MAX_SAFE_INTEGER && { maximum }),
  } as JsonSchema
}
