import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createUses, type Use } from '../../../shared/audit/last-use/uses.ts'
import { createAzure } from '../../../shared/azure/azure.ts'
import type { Table } from '../../../shared/azure/table.ts'
import { createPickUp, stragglersOf } from '../../../shared/rotation/pick-up.ts'
import { rig } from '../../support/rig.ts'

const local = rig()
const DAY = 86_400_000
const PUBLISHED = Date.UTC(2026, 10, 25)
const NEW = 'b'.repeat(32)
const OLD = 'a'.repeat(32)
const ASKED = { version: NEW, publishedAt: PUBLISHED, lookBackMs: 7 * DAY }

const use = (principal: string, version: string, lastRead: number): Use => ({
  ...{ principal, version, lastRead },
  ...{ firstRead: lastRead - DAY, reads: 2 },
})

describe('who must still pick a new version up', () => {
  it('is who read another version within the look-back and has not read this one', () => {
    const uses = [
      use('entra:has-it', OLD, PUBLISHED - DAY),
      use('entra:has-it', NEW, PUBLISHED + 1),
      use('entra:late', OLD, PUBLISHED - 7 * DAY),
      use('entra:late', 'c'.repeat(32), PUBLISHED - 90 * DAY),
      use('entra:still-reads-the-old-one', OLD, PUBLISHED + DAY),
      use('entra:gone', OLD, PUBLISHED - 7 * DAY - 1),
      use('entra:only-new', NEW, PUBLISHED + 1),
    ]
    expect(stragglersOf(uses, ASKED)).toEqual(['entra:late', 'entra:still-reads-the-old-one'])
    expect(stragglersOf([], ASKED)).toEqual([])
  })

  it('never names somebody who has it, and only ever shrinks by a read of the new version', () => {
    const anyUse = fc
      .tuple(fc.constantFrom('p', 'q', 'r'), fc.constantFrom(OLD, NEW), fc.integer({ min: -20, max: 5 }))
      .map(([who, version, day]) => use(who, version, PUBLISHED + day * DAY))
    fc.assert(
      fc.property(fc.array(anyUse, { maxLength: 12 }), fc.constantFrom('p', 'q', 'r'), (uses, who) => {
        const before = stragglersOf(uses, ASKED)
        const after = stragglersOf([...uses, use(who, NEW, PUBLISHED + 1)], ASKED)
        expect(after).toEqual(before.filter((one) => one !== who))
      }),
    )
  })
})

describe('the same out of the index', () => {
  let table: Table
  beforeAll(async () => {
    await local.createStorage()
    table = createAzure(local.config()).table('lastUse')
  })

  it('is not known before the index was filled; then names whoever it holds', async () => {
    const pickUp = createPickUp(table)
    const ref = { vault: 'main', name: 'key' }
    expect((await pickUp({ ref, ...ASKED })).knownUntil).toBe(Number.NEGATIVE_INFINITY)
    await createUses(table).add('secret/main/key', use('entra:late', OLD, PUBLISHED - DAY))
    await createUses(table).add('secret/main/other', use('entra:elsewhere', OLD, PUBLISHED - DAY))
    expect((await pickUp({ ref, ...ASKED })).stragglers).toEqual(['entra:late'])
  })
})
