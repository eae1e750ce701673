import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { policyJsonSchema } from '../../../shared/policy/json-schema.ts'

describe('the JSON Schema of policy documents', () => {
  it('is the one in docs/ (npm run docs)', () => {
    const path = new URL('../../../docs/policy.schema.json', import.meta.url)
    expect(`${JSON.stringify(policyJsonSchema(), null, 2)}\n`).toBe(readFileSync(path, 'utf8'))
  })

  it('names every kind, refuses unknown fields and asks for `access` without a default', () => {
    const { oneOf } = policyJsonSchema() as { oneOf: Record<string, Record<string, Record<string, unknown>>>[] }
    const kinds = oneOf.map((kind) => kind['properties']?.['kind']?.['const'])
    expect([...new Set(kinds)]).toEqual(['issuer', 'role', 'statement', 'target', 'secretRule', 'rotation', 'probe'])
    for (const kind of oneOf) expect(kind['additionalProperties']).toBe(false)
    expect(oneOf[3]?.['required']).toEqual(['kind', 'name', 'access', 'token'])
  })
})
