import { describe, expect, it } from 'vitest'
import type { Entry } from '../../shared/audit/entry.ts'
import { createGate } from '../../shared/gate.ts'
import type { Decision } from '../../shared/policy/decision.ts'
import { memoryLimits } from '../support/limits.ts'
import { principal } from '../support/principal.ts'

const denied = (reason: string): Decision => ({
  effect: 'deny',
  reason,
  statementIds: [],
  reported: [],
  obligations: {},
  revision: 7,
})

async function admit(reason: string, entitled?: 'holder') {
  const entries: Entry[] = []
  const journal = {
    record: async (entry: Entry) => {
      entries.push(entry)
      return { wid: 'w', seq: 1, macPrefix: 'm' }
    },
    follow: () => {},
    close: async () => {},
  }
  const gate = createGate({
    decide: () => denied(reason),
    refreshPolicy: async () => {},
    journal,
    limits: memoryLimits(() => 0),
    now: () => 0,
  })
  const ask = { txn: 't', principal: principal(), action: 'token:revoke', resource: 'token/x', context: {} } as const
  const outcome = await gate.admit({ ...ask, ...(entitled && { entitled }) }).then(
    () => 'admitted',
    ({ code }) => code,
  )
  return { outcome, entry: entries[0] }
}

describe('a right that needs no permit', () => {
  it('admits a holder of whom policy says nothing, before and after the intent; the record says by which right', async () => {
    expect(await admit('no_permit', 'holder')).toMatchObject({
      outcome: 'admitted',
      entry: { kind: 'intent', decision: { effect: 'permit', reason: 'holder', revision: 7 } },
    })
  })

  it.each(['forbidden', 'not_evaluable', 'engine_error', 'wrong_access'])(
    'access_denied: %s holds against a holder too',
    async (reason) => {
      expect(await admit(reason, 'holder')).toMatchObject({ outcome: 'access_denied', entry: { kind: 'denial' } })
    },
  )

  it('access_denied: nobody else profits', async () => {
    expect(await admit('no_permit')).toMatchObject({ outcome: 'access_denied', entry: { kind: 'denial' } })
  })
})
