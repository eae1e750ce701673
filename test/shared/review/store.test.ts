import { describe, expect, it } from 'vitest'
import type { Report } from '../../../shared/review/section.ts'
import { createReportStore } from '../../../shared/review/store.ts'
import { createMemoryTable, onEveryWrite } from '../../support/memory-table.ts'

const report = (at: string, size = 10): Report => ({
  ...{ report: 'unused', generatedAt: at, revision: 1 },
  sections: [{ id: 'x', title: 'x', meaning: 'é'.repeat(size), total: 0, items: [] }],
})
const [FIRST, SECOND] = ['2026-11-25T00:00:00.000Z', '2026-11-26T00:00:00.000Z']

describe('stored reports', () => {
  it('come back whole, in rows that Azure takes, and leave nothing of the one before', async () => {
    const table = createMemoryTable()
    const store = createReportStore(table)
    expect(await store.read('unused')).toBeUndefined()
    await store.write(report(FIRST, 200_000))
    expect(await store.read('unused')).toEqual(report(FIRST, 200_000))
    for (const row of table.rows()) {
      const lengths = Object.values(row).map((value) => String(value).length)
      expect(Math.max(...lengths)).toBeLessThanOrEqual(30_000)
      expect(lengths.reduce((sum, length) => sum + length)).toBeLessThan(400_000)
    }
    await store.write(report(SECOND))
    expect(await store.read('unused')).toEqual(report(SECOND))
    expect(table.rows()).toHaveLength(2)
  })

  it('killed before any write of it, a reader finds a whole one, the old or the new', async () => {
    for (let at = 1; at < 9; at += 1) {
      const table = createMemoryTable()
      await createReportStore(table).write(report(FIRST, 80_000))
      const dying = onEveryWrite(table, (count) => {
        if (count >= at) throw new Error('killed')
      })
      await createReportStore(dying)
        .write(report(SECOND, 80_000))
        .catch(() => undefined)
      expect([FIRST, SECOND]).toContain((await createReportStore(table).read('unused'))?.generatedAt)
    }
  })

  it('an older look that ends later does not replace a newer one', async () => {
    const store = createReportStore(createMemoryTable())
    await store.write(report(SECOND))
    await store.write(report(FIRST))
    expect((await store.read('unused'))?.generatedAt).toBe(SECOND)
  })
})
