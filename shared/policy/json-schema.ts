import { z } from 'zod'
import { PolicyDocument } from './documents/document.ts'

/** The JSON Schema of a policy document, for editors and CI (docs/policy.schema.json); made from the schemas that validate. */
export function policyJsonSchema(): Record<string, unknown> {
  const { $schema, oneOf = [], ...rest } = z.toJSONSchema(PolicyDocument, { io: 'input' })
  const reference = { type: 'string', description: 'where an editor finds this schema' }
  // A kind that is itself one of several (rotation, by rotator) is told as these.
  const kinds = oneOf
    .flatMap((kind) => kind.oneOf ?? [kind])
    .map((kind) => ({ ...kind, properties: { $schema: reference, ...kind.properties } }))
  return { $schema, title: 'Sallyport policy document', ...rest, oneOf: kinds }
}
