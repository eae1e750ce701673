import { describe, expect, it } from 'vitest'
import { decide } from '../../../shared/policy/decide.ts'
import type { Question } from '../../../shared/policy/decision.ts'
import { snapshotOf } from '../../support/policy/snapshot-of.ts'
import { principal } from '../../support/principal.ts'

const EVERYBODY = { principals: [{ any: true, explicit: true }], roles: ['reader'], resources: ['**'] }
const snapshot = snapshotOf([
  { kind: 'role', name: 'reader', actions: ['secret:get'] },
  { kind: 'statement', id: 'p', effect: 'permit', ...EVERYBODY },
  { kind: 'statement', id: 'f', effect: 'forbid', ...EVERYBODY, when: { claims: { blocked: 'yes' } } },
])
const question: Question = {
  principal: principal({ claims: { blocked: 'no' } }),
  action: 'secret:get',
  resource: 'secret/main/a',
  context: {},
}

describe('decide', () => {
  it('denies when the engine throws, and recovers (T35)', () => {
    const claims = new Proxy(
      {},
      {
        getOwnPropertyDescriptor: () => {
          throw new Error('planted')
        },
      },
    )
    const broken = { ...question, principal: principal({ claims }) }
    expect(decide(broken, snapshot, 0)).toEqual({
      effect: 'deny',
      reason: 'engine_error',
      statementIds: [],
      reported: [],
      obligations: {},
      revision: 7,
    })
    expect(decide(question, snapshot, 0).effect).toBe('permit')
  })

  it('denies when the set itself fails (T35)', () => {
    const failing = {
      ...snapshot,
      candidates: () => {
        throw new RangeError('Maximum call stack size exceeded')
      },
    }
    expect(decide(question, failing, 0)).toMatchObject({ effect: 'deny', reason: 'engine_error' })
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('denies when the clock says %s', (now) => {
    expect(decide(question, snapshot, now)).toMatchObject({ effect: 'deny', reason: 'not_evaluable' })
  })

  it('denies when a claim that a forbid asks for is missing (T35)', () => {
    const bare = { ...question, principal: principal() }
    expect(decide(bare, snapshot, 0)).toMatchObject({ effect: 'deny', reason: 'not_evaluable', statementIds: ['f'] })
  })

  it('names the revision it decided by (T11)', () => {
    expect(decide(question, { ...snapshot, revision: 42 }, 0).revision).toBe(42)
  })

  it('changes nothing of the question', () => {
    const asked = structuredClone(question)
    decide(asked, snapshot, 0)
    expect(asked).toEqual(question)
  })
})
