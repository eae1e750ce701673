import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide } from '../../../shared/policy/decide.ts'
import {
  ISSUER_DOCUMENTS,
  instants,
  questions,
  ROLE_DOCUMENTS,
  type StatementLike,
  statements,
} from '../../support/policy/arbitraries.ts'
import { snapshotOf } from '../../support/policy/snapshot-of.ts'
import { tries } from '../../support/share-of.ts'

const setOf = (list: readonly StatementLike[]) => snapshotOf([...ISSUER_DOCUMENTS, ...ROLE_DOCUMENTS, ...list])
const permits = (list: readonly StatementLike[], question: Parameters<typeof decide>[0], now: number) =>
  decide(question, setOf(list), now).effect === 'permit'

describe('decide: properties', () => {
  it('denies everything when the set is empty (default deny)', () => {
    fc.assert(
      fc.property(questions, instants, (question, now) => {
        expect(decide(question, snapshotOf([]), now)).toMatchObject({ effect: 'deny', reason: 'no_permit' })
      }),
    )
  })

  it('never permits because a forbid was added (forbid wins)', () => {
    fc.assert(
      fc.property(statements(6), statements(2), questions, instants, (list, more, question, now) => {
        const forbids = more.filter(({ effect }) => effect === 'forbid').map((one, at) => ({ ...one, id: `f${at}` }))
        if (permits([...list, ...forbids], question, now)) expect(permits(list, question, now)).toBe(true)
      }),
      { numRuns: tries(100) },
    )
  })

  it('answers the same whatever the order of statements', () => {
    fc.assert(
      fc.property(statements(6), questions, instants, (list, question, now) => {
        expect(decide(question, setOf([...list].reverse()), now)).toEqual(decide(question, setOf(list), now))
      }),
      { numRuns: tries(100) },
    )
  })

  it('only tightens obligations when a permit is added', () => {
    fc.assert(
      fc.property(statements(4), statements(2), questions, instants, (list, more, question, now) => {
        const added = more.map((one, at) => ({ ...one, id: `m${at}` })).filter(({ effect }) => effect === 'permit')
        const before = decide(question, setOf(list), now)
        if (before.effect === 'deny') return
        const { obligations: after } = decide(question, setOf([...list, ...added]), now)
        const { maxTtlSeconds = Number.POSITIVE_INFINITY, rate } = before.obligations
        expect(after.maxTtlSeconds ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(maxTtlSeconds)
        for (const duty of ['oneTime', 'requireReason', 'requireDpop'] as const) {
          if (before.obligations[duty]) expect(after[duty]).toBe(true)
        }
        if (rate) expect(after.rate?.count).toBeLessThanOrEqual(rate.count)
        expect(after.quotas ?? []).toEqual(expect.arrayContaining([...(before.obligations.quotas ?? [])]))
        if (before.obligations.approval)
          expect(after.approval?.count).toBeGreaterThanOrEqual(before.obligations.approval.count)
      }),
      { numRuns: tries(100) },
    )
  })

  it('never permits more when permits are narrowed by a condition, an end or fewer resources', () => {
    fc.assert(
      fc.property(statements(5), statements(1), questions, instants, (list, [donor], question, now) => {
        const narrowed = list.map((one) => {
          if (one.effect !== 'permit') return one
          const resources = (one['resources'] as string[]).slice(0, 1)
          return {
            ...one,
            resources,
            when: one['when'] ?? donor?.['when'],
            expires: one['expires'] ?? donor?.['expires'],
          }
        })
        if (permits(narrowed, question, now)) expect(permits(list, question, now)).toBe(true)
      }),
      { numRuns: tries(100) },
    )
  })

  it('never lets report-only statements change the answer, and names those that matched', () => {
    fc.assert(
      fc.property(statements(6), questions, instants, (list, question, now) => {
        const enforced = list.filter(({ mode }) => mode === 'enforce')
        const all = decide(question, setOf(list), now)
        expect({ ...all, reported: [] }).toEqual(decide(question, setOf(enforced), now))
        const reportOnly = list.filter(({ mode }) => mode === 'report').map(({ id }) => id)
        expect(reportOnly).toEqual(expect.arrayContaining([...all.reported]))
      }),
      { numRuns: tries(100) },
    )
  })

  it('never permits because what conditions look at was taken away (T35)', () => {
    fc.assert(
      fc.property(statements(6), questions, instants, (list, question, now) => {
        const { scp } = question.principal.claims
        const bare = { ...question.principal, claims: scp === undefined ? {} : { scp } }
        const blind = { ...question, principal: bare, context: {} }
        if (permits(list, blind, now)) expect(permits(list, question, now)).toBe(true)
      }),
      { numRuns: tries(100) },
    )
  })
})
