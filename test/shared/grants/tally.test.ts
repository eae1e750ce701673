import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { counted } from '../../../shared/grants/tally.ts'

const PEOPLE = ['root', 'ann', 'ben', 'cleo', 'dan'] as const
const people = fc.constantFrom<string>(...PEOPLE)
const required = fc.record({
  count: fc.integer({ min: 1, max: 3 }),
  approvers: fc.uniqueArray(people, { minLength: 1, maxLength: 4 }),
})
const asked = (list: readonly string[]) => ({ root: 'root', mayApprove: (one: string) => list.includes(one) })

describe('approvals of a grant', () => {
  it('counts each approver once, who is named, may approve today, and is not the root', () => {
    fc.assert(
      fc.property(required, fc.array(people), fc.uniqueArray(people), (wanted, approvedBy, list) => {
        const count = counted(wanted, approvedBy, asked(list))
        for (const one of PEOPLE) {
          const should =
            one !== 'root' && approvedBy.includes(one) && wanted.approvers.includes(one) && list.includes(one)
          expect(count.filter((each) => each === one)).toHaveLength(should ? 1 : 0)
        }
      }),
      { numRuns: 500 },
    )
  })
})
