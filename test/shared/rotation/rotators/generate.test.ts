import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GenerateSettings } from '../../../../shared/policy/documents/rotators/generate.ts'
import { randomValue } from '../../../../shared/rotation/rotators/generate.ts'

const CLASSES = { upper: /[A-Z]/g, lower: /[a-z]/g, digits: /[0-9]/g, symbols: /[^A-Za-z0-9]/g } as const
const ALPHABETS = {
  base64url: /^[A-Za-z0-9_-]*$/,
  alphanumeric: /^[A-Za-z0-9]*$/,
  hex: /^[0-9a-f]*$/,
  printable: /^[!-~]*$/,
} as const

const count = fc.integer({ min: 0, max: 20 })
const settings = fc
  .record({
    length: fc.integer({ min: 16, max: 64 }),
    alphabet: fc.constantFrom(...(Object.keys(ALPHABETS) as (keyof typeof ALPHABETS)[])),
    ...{ upper: count, lower: count, digits: count, symbols: count },
    prefix: fc.constantFrom('', 'whsec_'),
  })
  .filter((wanted) => GenerateSettings.safeParse(wanted).success)

describe('a generated value', () => {
  it('has its length, its alphabet and at least what was asked of each class', () => {
    fc.assert(
      fc.property(settings, (wanted) => {
        const value = randomValue(wanted)
        expect(value.startsWith(wanted.prefix)).toBe(true)
        const random = value.slice(wanted.prefix.length)
        expect(random).toHaveLength(wanted.length)
        expect(random).toMatch(ALPHABETS[wanted.alphabet])
        for (const [name, letters] of Object.entries(CLASSES)) {
          expect((random.match(letters) ?? []).length).toBeGreaterThanOrEqual(wanted[name as keyof typeof CLASSES])
        }
      }),
    )
  })

  it('is another one each time, and what was asked for stands anywhere in it', () => {
    const wanted = GenerateSettings.parse({ alphabet: 'printable', length: 20, symbols: 1 })
    const values = Array.from({ length: 300 }, () => randomValue(wanted))
    expect(new Set(values).size).toBe(values.length)
    const first = values.map((value) => value.search(CLASSES.symbols))
    expect(Math.max(...first)).toBeGreaterThan(5)
  })
})
