import { describe, expect, it } from 'vitest'
import type { Entry } from '../../shared/audit/entry.ts'
import { createGate } from '../../shared/gate.ts'
import type { Through } from '../../shared/identity/principal.ts'
import type { Decision } from '../../shared/policy/decision.ts'
import { memoryLimits } from '../support/limits.ts'
import { principal } from '../support/principal.ts'

const decision: Decision = {
  effect: 'permit',
  reason: 'permitted',
  statementIds: ['s1'],
  reported: [],
  obligations: { approval: { count: 1, approvers: ['boss'] } },
  revision: 7,
}

/** A door whose approver's permit may be withdrawn just before the intent is durable; the policy set stays as it is. */
function door({ withdrawn }: { withdrawn: boolean }) {
  const entries: Entry[] = []
  let approvedBy: readonly string[] = ['boss']
  const through: Through = {
    chain: ['g1'],
    covers: () => true,
    get approvedBy() {
      return approvedBy
    },
    use: async () => undefined,
  }
  const journal = {
    record: async (entry: Entry) => {
      entries.push(entry)
      if (withdrawn) approvedBy = []
      return { wid: 'w', seq: entries.length, macPrefix: 'm' }
    },
    follow: (entry: Entry) => void entries.push(entry),
    close: async () => {},
  }
  const now = () => 0
  const limits = memoryLimits(now)
  const gate = createGate({ decide: () => decision, refreshPolicy: async () => {}, journal, limits, now })
  const act = () =>
    gate.admit({
      txn: 't1',
      principal: principal({ through }),
      action: 'secret:set',
      resource: 'secret/main/a',
      context: {},
    })
  return { entries, act }
}

describe('the second look of a MUTATE act (T11)', () => {
  it('403 approval_required: an approver lost its permit between intent and act; the intent ends as failed', async () => {
    const { entries, act } = door({ withdrawn: true })
    await expect(act()).rejects.toMatchObject({
      code: 'approval_required',
      extras: { headers: { 'X-Sallyport-Receipt': 'w;1;m' } },
    })
    expect(entries).toMatchObject([
      { kind: 'intent' },
      { kind: 'result', outcome: 'failed', reason: 'approval_missing' },
    ])
  })

  it('passes while the approval counts', async () => {
    const { entries, act } = door({ withdrawn: false })
    await expect(act()).resolves.toMatchObject({ txn: 't1' })
    expect(entries.map(({ kind }) => kind)).toEqual(['intent'])
  })
})
