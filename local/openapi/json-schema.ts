/** A JSON Schema as plain data; what the generator reads of it. */
export type JsonSchema = {
  $ref?: string
  type?: string | string[]
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: boolean | JsonSchema
  items?: JsonSchema
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  allOf?: JsonSchema[]
  enum?: unknown[]
  pattern?: string
  description?: string
} & { [keyword: string]: unknown }

/** The schema with every schema below it changed, from the leaves up. */
export function mapSchema(schema: JsonSchema, change: (one: JsonSchema) => JsonSchema): JsonSchema {
  const below = (one: JsonSchema) => mapSchema(one, change)
  const { properties, items, additionalProperties } = schema
  return change({
    ...schema,
    ...(properties && { properties: mapValues(properties, below) }),
    ...(items && { items: below(items) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: below(additionalProperties) }),
    ...(schema.anyOf && { anyOf: schema.anyOf.map(below) }),
    ...(schema.oneOf && { oneOf: schema.oneOf.map(below) }),
    ...(schema.allOf && { allOf: schema.allOf.map(below) }),
  })
}

export const mapValues = <T, U>(object: Readonly<Record<string, T>>, change: (value: T, name: string) => U) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value, name)]))
