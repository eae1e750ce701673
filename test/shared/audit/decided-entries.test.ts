import { describe, expect, it } from 'vitest'
import { newestDecided } from '../../../shared/audit/decided-entries.ts'
import { createMemoryTable } from '../../support/memory-table.ts'

const NOW = Date.UTC(2026, 10, 25, 12)
const time = new Date(NOW).toISOString()
const row = (lines: string) => ({
  ...{ partitionKey: `2026112512|${'a'.repeat(32)}`, rowKey: '000000000001', etag: 'e' },
  lines00: lines,
})

describe('decided entries of a journal that was edited by hand', () => {
  it('passes over lines that are no entries, and goes on', async () => {
    const whole = {
      ...{ kind: 'intent', seq: 9, txn: 't', time, action: 'secret:get', resource: 'secret/main/a', context: {} },
      ...{ principal: { id: 'entra:a:b', claims: {} }, decision: { effect: 'permit' } },
    }
    const broken = [
      { kind: 'denial', seq: 1 },
      { ...whole, principal: null },
      { ...whole, actor: {} },
    ]
    const table = createMemoryTable([row([...broken, whole].map((one) => JSON.stringify(one)).join('\n'))])
    const found = await newestDecided(table, { now: NOW, days: 1 }, ({ principal, actor }) =>
      [principal.id, actor?.principal.id].includes('entra:a:b'),
    )
    expect(found).toMatchObject({ txn: 't', seq: 9 })
  })
})
