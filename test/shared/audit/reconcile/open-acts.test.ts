import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StoredEntry } from '../../../../shared/audit/read-block.ts'
import { countAct, type OpenActs, overdue, worthKeeping } from '../../../../shared/audit/reconcile/open-acts.ts'

const HOUR = 3_600_000
const act = (kind: 'intent' | 'result', txn: string, at: number) =>
  ({ kind, txn, time: new Date(at).toISOString() }) as StoredEntry
const acts = (entries: readonly StoredEntry[]): OpenActs => {
  const open: OpenActs = new Map()
  for (const entry of entries) countAct(open, entry)
  return open
}

describe('acts without a result', () => {
  it('are the same in whatever order writers are read, and as many as intents are more than results', () => {
    const entries = fc.array(
      fc.record({ kind: fc.constantFrom('intent' as const, 'result' as const), txn: fc.constantFrom('a', 'b', 'c') }),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(entries, fc.infiniteStream(fc.nat()), (list, order) => {
        const made = list.map(({ kind, txn }) => act(kind, txn, 1))
        const keys = new Map(made.map((entry) => [entry, order.next().value]))
        const shuffled = [...made].sort((one, other) => (keys.get(one) ?? 0) - (keys.get(other) ?? 0))
        const due = (found: StoredEntry[]) => new Map(overdue(acts(found), 2).map(({ txn, open }) => [txn, open]))
        expect(due(shuffled)).toEqual(due(made))
        for (const txn of ['a', 'b', 'c']) {
          const of = (kind: string) => list.filter((one) => one.txn === txn && one.kind === kind).length
          expect(due(made).get(txn) ?? 0).toBe(Math.max(0, of('intent') - of('result')))
        }
      }),
    )
  })

  it('are due once they are older than the time given', () => {
    expect(overdue(acts([act('intent', 'a', 10)]), 10)).toEqual([])
    expect(overdue(acts([act('intent', 'a', 10)]), 11)).toEqual([{ txn: 'a', open: 1 }])
  })

  it('forgets a result that came late for good, and never an act', () => {
    const open = acts([act('result', 'late', 0), act('intent', 'old', 0), act('result', 'fresh', 2 * HOUR)])
    expect([...worthKeeping(open, 2 * HOUR).keys()].sort()).toEqual(['fresh', 'old'])
  })
})
