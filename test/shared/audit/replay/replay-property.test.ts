import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { replay } from '../../../../shared/audit/replay/replay.ts'
import type { Ask } from '../../../../shared/gate.ts'
import { createGate } from '../../../../shared/gate.ts'
import type { Principal } from '../../../../shared/identity/principal.ts'
import { decide } from '../../../../shared/policy/decide.ts'
import { judge } from '../../../../shared/policy/judge.ts'
import type { Snapshot } from '../../../../shared/policy/snapshot.ts'
import { unmetObligation } from '../../../../shared/policy/unmet-obligation.ts'
import { memoryLimits } from '../../../support/limits.ts'
import {
  ISSUER_DOCUMENTS,
  instants,
  principals,
  questions,
  ROLE_DOCUMENTS,
  statements,
} from '../../../support/policy/arbitraries.ts'
import { snapshotOf } from '../../../support/policy/snapshot-of.ts'
import { tries } from '../../../support/share-of.ts'
import { journalOver } from '../fixtures.ts'
import { memoryTable } from '../memory-table.ts'

const SPAN = { from: Date.UTC(2026, 9, 17), to: Date.UTC(2026, 10, 3) }
const DPOP = 'k'.repeat(43)
const setOf = (list: readonly object[]) => snapshotOf([...ISSUER_DOCUMENTS, ...ROLE_DOCUMENTS, ...list])

/** Ids and claims as the JWT gate makes them: an entry says who it was by them alone. */
const real = (principal: Principal): Principal => {
  const { kind, issuerName, subject, claims } = principal
  if (kind === 'entra') return { ...principal, claims: { ...claims, sub: subject } }
  return { ...principal, id: `oidc:${issuerName}:${Buffer.from(subject).toString('base64url')}` }
}

const seldom = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })

const through = seldom(
  fc.record({ covers: fc.boolean(), approved: fc.boolean(), breakGlass: fc.boolean() }).map(
    ({ covers, approved, breakGlass }): NonNullable<Principal['through']> => ({
      chain: ['g1'],
      covers: () => covers,
      approvedBy: approved ? ['entra:11111111-1111-4111-8111-111111111111:b0000000-0000-4000-8000-000000000001'] : [],
      ...(breakGlass && { breakGlass }),
      use: async () => {},
    }),
  ),
)

const caller = fc.record({ one: principals, through, bound: fc.boolean(), partial: seldom(fc.boolean()) }).map(
  ({ one, through, bound, partial }): Principal => ({
    ...real(one),
    ...(bound && { boundTo: DPOP }),
    ...(partial && { partial, subject: one.objectId ?? one.subject }),
    ...(through && { through }),
  }),
)

type Wish = { ask: Omit<Ask<undefined>, 'txn'>; at: number; missing: boolean }

const wishes: fc.Arbitrary<Wish> = fc
  .record({
    question: questions,
    principal: caller,
    actor: seldom(caller),
    at: instants,
    reason: fc.boolean(),
    proof: fc.boolean(),
    holder: fc.boolean(),
    satisfied: fc.subarray(['oneTime', 'approval'] as const),
    breakGlass: fc.boolean(),
    missing: fc.boolean(),
  })
  .map(({ question, principal, actor, at, reason, proof, holder, satisfied, breakGlass, missing }) => ({
    at,
    missing,
    ask: {
      ...question,
      principal,
      context: { ...question.context, ...(reason && { reason: 'x' }), ...(proof && { dpopThumbprint: DPOP }) },
      ...(actor && { actor }),
      ...(holder && { entitled: 'holder' as const }),
      ...(breakGlass && { breakGlass: true as const }),
      satisfies: new Set(satisfied),
    },
  }))

async function recorded(set: Snapshot, list: readonly Wish[]) {
  const memory = memoryTable()
  const { journal } = journalOver(memory, { now: () => SPAN.from + 86_400_000 })
  let at = 0
  const gate = createGate({
    decide: (question, when) => decide(question, set, when),
    refreshPolicy: async () => {},
    journal,
    limits: memoryLimits(() => at),
    now: () => at,
  })
  for (const [index, wish] of list.entries()) {
    at = wish.at
    const prepare = async () => {
      // A look-up takes its time: the entry must hold the moment of the decision, not of the record.
      at += 3_600_000
      if (wish.missing) throw new Error('not found')
      return { handout: {}, sealed: undefined }
    }
    await gate.admit({ ...wish.ask, txn: `t${index}`, prepare }).catch(() => undefined)
  }
  await journal.close()
  return memory.table
}

function allowed(set: Snapshot, { ask, at }: Wish): boolean {
  const { decision } = judge(ask, (question) => decide(question, set, at))
  return decision.effect === 'permit' && !unmetObligation(decision.obligations, ask)
}

describe('replay: properties', () => {
  it('of the live set shows no difference, and of another exactly what the door would answer', async () => {
    const asked = fc.array(wishes, { minLength: 1, maxLength: 12 })
    let permitted = 0
    await fc.assert(
      fc.asyncProperty(statements(8), statements(8), asked, async (live, proposed, list) => {
        const [before, after] = [setOf(live), setOf(proposed)]
        const table = await recorded(before, list)
        const same = await replay({ table, snapshot: before, span: SPAN })
        expect(same).toMatchObject({
          complete: true,
          inexact: 0,
          newlyDenied: { count: 0 },
          newlyAllowed: { count: 0 },
        })
        expect(same.unchanged).toBe(same.entries)
        const other = await replay({ table, snapshot: after, span: SPAN })
        const kept = list.filter((wish) => !(wish.missing && allowed(before, wish)))
        permitted += kept.filter((wish) => allowed(before, wish)).length
        expect(same.entries).toBe(kept.length)
        const changed = (was: boolean) =>
          kept.filter((wish) => allowed(before, wish) === was && allowed(after, wish) !== was).length
        expect([other.newlyDenied.count, other.newlyAllowed.count]).toEqual([changed(true), changed(false)])
      }),
      { numRuns: tries(100) },
    )
    // Nearly all denied would prove little.
    expect(permitted).toBeGreaterThan(tries(30))
  }, 60_000)
})
