import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { enforceValidity, newestEnabled, stageOf } from '../../../shared/secrets/validity.ts'
import type { SecretProperties } from '../../../shared/secrets/vault.ts'

const version = fc.record({
  name: fc.constant('a'),
  version: fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), minLength: 3, maxLength: 3 }),
  enabled: fc.boolean(),
  created: fc.integer({ min: 0, max: 3 }),
  tags: fc.constant({}),
})
const versions = fc.uniqueArray(version, { minLength: 1, maxLength: 8, selector: (one) => one.version })
const row = fc.record(
  { current: version.map((one) => one.version), previous: version.map((one) => one.version) },
  { requiredKeys: [] },
)

describe('validity', () => {
  it('serves a version exactly while it is enabled and its time is now', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.option(fc.nat(20), { nil: undefined }),
        fc.option(fc.nat(20), { nil: undefined }),
        fc.nat(20),
        (enabled, notBefore, expires, now) => {
          const secret: SecretProperties = {
            name: 'a',
            version: 'v',
            enabled,
            tags: {},
            ...(notBefore !== undefined && { notBefore }),
            ...(expires !== undefined && { expires }),
          }
          const served = enabled && (notBefore ?? 0) <= now && now < (expires ?? 99)
          const check = () => enforceValidity(secret, now)
          if (served) expect(check).not.toThrow()
          else expect(check).toThrow()
        },
      ),
    )
  })
})

describe('stages', () => {
  it('current is enabled and as new as any enabled version; the row breaks ties', () => {
    fc.assert(
      fc.property(versions, row, (all, state) => {
        const current = newestEnabled(all, state)
        const enabled = all.filter((one) => one.enabled)
        expect(current === undefined).toBe(enabled.length === 0)
        if (!current) return
        expect(current.enabled).toBe(true)
        const newest = Math.max(...enabled.map(({ created }) => created))
        expect(current.created).toBe(newest)
        const named = enabled.find((one) => one.version === state.current)
        if (named?.created === newest) expect(current.version).toBe(named.version)
      }),
    )
  })

  it('exactly one version is current and at most one is previous where the row says so', () => {
    fc.assert(
      fc.property(versions, row, (all, state) => {
        const current = newestEnabled(all, state)
        if (!current) return
        const stages = all.map((one) => stageOf(one, current, state))
        expect(stages.filter((stage) => stage === 'current')).toHaveLength(1)
        if (state.current) expect(stages.filter((stage) => stage === 'previous').length).toBeLessThanOrEqual(1)
        for (const [at, stage] of stages.entries()) {
          if (stage === 'pending') expect(all[at]?.created).toBeGreaterThan(current.created ?? 0)
        }
      }),
    )
  })
})
