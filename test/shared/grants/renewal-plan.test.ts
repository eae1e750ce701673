import { describe, expect, it } from 'vitest'
import { planRenewal, type RenewalPlan } from '../../../shared/grants/renewal-plan.ts'

const stored = { generation: 3, renewedBy: 'op-3' }

describe('a renewal', () => {
  it.each([
    ['renew', 'the newest credential', { generation: 3, operation: 'op-4', answered: false }],
    [
      'repeat',
      'the operation that made the newest generation, whose answer was lost',
      { generation: 2, operation: 'op-3', answered: false },
    ],
    ['repeat', 'the same, answered before', { generation: 2, operation: 'op-3', answered: true }],
    ['cloned', 'an old credential under another operation', { generation: 2, operation: 'op-x', answered: false }],
    ['cloned', 'an older one', { generation: 1, operation: 'op-y', answered: false }],
    [
      'cloned',
      'the newest operation’s id with an older credential',
      { generation: 1, operation: 'op-3', answered: false },
    ],
    [
      'too_late',
      'a repeat of an answered renewal after another one',
      { generation: 1, operation: 'op-2', answered: true },
    ],
    ['set_back', 'a credential newer than the row', { generation: 4, operation: 'op-5', answered: false }],
  ] as [RenewalPlan, string, Parameters<typeof planRenewal>[1]][])('%s: %s', (plan, _what, asked) => {
    expect(planRenewal(stored, asked)).toBe(plan)
  })

  it('never repeats what opening made', () => {
    expect(
      planRenewal({ generation: 1, renewedBy: undefined }, { generation: 0, operation: 'op', answered: false }),
    ).toBe('cloned')
  })
})
