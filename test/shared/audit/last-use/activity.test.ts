import { describe, expect, it } from 'vitest'
import { createActivity, readActivity, readStatementUses } from '../../../../shared/audit/last-use/activity.ts'
import type { StoredEntry } from '../../../../shared/audit/read-block.ts'
import { createMemoryTable } from '../../../support/memory-table.ts'

const START = Date.UTC(2026, 10, 25, 10)
const MINUTE = 60_000

const entry = (kind: 'intent' | 'denial', at: number, more: object = {}) =>
  ({
    ...{ kind, seq: 1, txn: 't', time: new Date(at).toISOString(), action: 'secret:get', resource: 'secret/main/a' },
    principal: { id: 'entra:a' },
    handout: { version: 'v' },
    decision: { statementIds: ['reads'] },
    ...more,
  }) as unknown as StoredEntry

async function index(...runs: StoredEntry[][]) {
  const table = createMemoryTable()
  for (const run of runs) {
    const activity = createActivity()
    for (const one of run) activity.add(one)
    await activity.write(table)
  }
  return table
}

describe('the index of activity', () => {
  it('sums reads by hour and refusals by minute, over runs', async () => {
    const table = await index(
      [entry('intent', START), entry('intent', START + 59 * MINUTE), entry('denial', START + MINUTE)],
      [entry('intent', START), entry('denial', START + MINUTE), entry('denial', START + 61 * MINUTE)],
    )
    expect(await readActivity(table, START)).toEqual([
      { principal: 'entra:a', hour: START, reads: 3, denials: new Map([[1, 2]]) },
      { principal: 'entra:a', hour: START + 60 * MINUTE, reads: 0, denials: new Map([[1, 1]]) },
    ])
    expect(await readActivity(table, START + 60 * MINUTE)).toHaveLength(1)
  })

  it('knows when a statement last permitted, for the principal and for who acted; a refusal uses none', async () => {
    const actor = { decision: { statementIds: ['acts'] } }
    const table = await index(
      [entry('intent', START + MINUTE, { actor }), entry('intent', START)],
      [entry('intent', START), entry('denial', START + 9 * MINUTE, { decision: { statementIds: ['forbids'] } })],
    )
    expect(await readStatementUses(table)).toEqual(
      new Map([
        ['acts', START + MINUTE],
        ['reads', START + MINUTE],
      ]),
    )
  })

  it('counts values that left alone, for who showed a handle', async () => {
    const table = await index([
      entry('intent', START, { handout: undefined }),
      entry('intent', START, { action: 'secret:list' }),
      entry('intent', START, { presenter: 'entra:shower' }),
    ])
    expect(await readActivity(table, START)).toMatchObject([{ principal: 'entra:shower', reads: 1 }])
  })
})
