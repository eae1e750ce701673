import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Required, tally, type Word } from '../../../shared/grants/tally.ts'

const people = fc.constantFrom('root', 'ann', 'ben', 'cleo', 'dan')
const required: fc.Arbitrary<Required> = fc.record({
  count: fc.integer({ min: 1, max: 3 }),
  approvers: fc.uniqueArray(people, { minLength: 1, maxLength: 4 }),
})
const words: fc.Arbitrary<Word[]> = fc.array(
  fc.record({ approver: people, decision: fc.constantFrom('approve', 'approve', 'approve', 'deny') }),
  { maxLength: 6 },
)
const may = fc.uniqueArray(people)
const asked = (list: readonly string[]) => ({ root: 'root', mayApprove: (one: string) => list.includes(one) })

describe('approvals of a grant', () => {
  it('counts each approver once, who is named, may approve today, and is not the root', () => {
    fc.assert(
      fc.property(required, words, may, (wanted, said, list) => {
        const { state, approvedBy } = tally(wanted, said, asked(list))
        for (const one of approvedBy) {
          expect(wanted.approvers).toContain(one)
          expect(list).toContain(one)
          expect(one).not.toBe('root')
        }
        expect(new Set(approvedBy).size).toBe(approvedBy.length)
        expect(state === 'approved').toBe(state !== 'denied' && approvedBy.length >= wanted.count)
      }),
      { numRuns: 500 },
    )
  })

  it('never comes out better because a denial came, a permit was withdrawn, or words came in another order', () => {
    fc.assert(
      fc.property(required, words, may, people, (wanted, said, list, one) => {
        const before = tally(wanted, said, asked(list))
        const denied = tally(wanted, [...said, { approver: one, decision: 'deny' }], asked(list))
        const withdrawn = tally(wanted, said, asked(list.filter((each) => each !== one)))
        if (before.state !== 'approved') {
          expect(denied.state).not.toBe('approved')
          expect(withdrawn.state).not.toBe('approved')
        }
        expect(tally(wanted, [...said].reverse(), asked(list))).toEqual(before)
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['pending', 'one of two', [{ approver: 'ann', decision: 'approve' }]],
    ['pending', 'twice the same', ['ann', 'ann'].map((approver) => ({ approver, decision: 'approve' }))],
    ['pending', 'one of them is the root', ['ann', 'root'].map((approver) => ({ approver, decision: 'approve' }))],
    ['pending', 'one of them may not any more', ['ann', 'cleo'].map((approver) => ({ approver, decision: 'approve' }))],
    ['approved', 'two who may', ['ann', 'ben'].map((approver) => ({ approver, decision: 'approve' }))],
    [
      'denied',
      'one of three says no, who may not any more',
      [
        { approver: 'ann', decision: 'approve' },
        { approver: 'ben', decision: 'approve' },
        { approver: 'cleo', decision: 'deny' },
      ],
    ],
    ['pending', 'somebody not named says no', [{ approver: 'dan', decision: 'deny' }]],
  ] as [string, string, Word[]][])('%s: %s', (state, _what, said) => {
    const wanted = { count: 2, approvers: ['ann', 'ben', 'cleo', 'root'] }
    expect(tally(wanted, said, asked(['ann', 'ben', 'root', 'dan'])).state).toBe(state)
  })
})
