import type { JsonObject } from './jwt.ts'
import { type Refused, refused } from './refusal.ts'

/**
 * A frozen copy without prototypes, however deep: `claims['constructor']` is absent and nothing can be added later.
 * Values are kept exactly or the token is refused, never cut: conditions compare them and a replay decides again over
 * them. Their sum is bounded by the token's own 16 KiB.
 */
export function freezeClaims(payload: JsonObject): Readonly<JsonObject> | Refused {
  try {
    return freeze(payload) as Readonly<JsonObject>
  } catch (error) {
    if (error === INEXACT) return refused('claims_inexact')
    throw error
  }
}

const INEXACT = Symbol('inexact')

function freeze(value: unknown): unknown {
  if (typeof value === 'string') return wellFormed(value)
  if (typeof value === 'number') return exact(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return Object.freeze(value.map(freeze))
  const copy: JsonObject = Object.create(null)
  for (const [name, member] of Object.entries(value)) copy[wellFormed(name)] = freeze(member)
  return Object.freeze(copy)
}

/** Two lone surrogates would become the same replacement character when written as UTF-8. */
function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw INEXACT
  return text
}

/** Beyond 2^53 two signed numbers parse to the same one; 1e999 parses to Infinity. */
function exact(number: number): number {
  if (!Number.isFinite(number) || (Number.isInteger(number) && !Number.isSafeInteger(number))) throw INEXACT
  return number
}
