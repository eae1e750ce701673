import { compilePattern, type Pattern, patternMatches } from './pattern.ts'
import { anyOf, type Tri, tri } from './tri.ts'

/** Claims that hold ARM ids, which Azure itself compares without case. */
const ARM_ID_CLAIMS = new Set(['xms_mirid', 'xms_az_rid'])

type Wanted = string | number | boolean

export type ClaimTest = { name: string; wanted: Wanted; test: (claims: Readonly<Record<string, unknown>>) => Tri }

/** Compiles one entry of `claims`. A missing claim, or a value of another type than the one wanted, cannot be evaluated. */
export function compileClaim(name: string, wanted: Wanted): ClaimTest {
  const fold = ARM_ID_CLAIMS.has(name) ? lowerAscii : (text: string) => text
  const pattern = typeof wanted === 'string' ? compilePattern(fold(wanted)) : undefined
  const valueMatches = (value: unknown): Tri => {
    if (typeof value !== typeof wanted) return 'unknown'
    return pattern ? matchesText(pattern, fold(value as string)) : tri(value === wanted)
  }
  return {
    name,
    wanted,
    test: (claims) => {
      if (!Object.hasOwn(claims, name)) return 'unknown'
      const value = claims[name]
      return Array.isArray(value) ? anyOf(value.map(valueMatches)) : valueMatches(value)
    },
  }
}

/** ASCII only: Unicode case folding would make the Kelvin sign a `k`. */
export const lowerAscii = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

const matchesText = (pattern: Pattern, text: string) => tri(patternMatches(pattern, text))
