import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide } from '../../../../shared/policy/decide.ts'
import { explain } from '../../../../shared/policy/explain/explain.ts'
import type { StatementTrace } from '../../../../shared/policy/explain/trace-statement.ts'
import {
  ISSUER_DOCUMENTS,
  instants,
  questions,
  ROLE_DOCUMENTS,
  statements,
} from '../../../support/policy/arbitraries.ts'
import { snapshotOf } from '../../../support/policy/snapshot-of.ts'
import { principal } from '../../../support/principal.ts'
import { tries } from '../../../support/share-of.ts'

const setOf = (list: readonly object[]) => snapshotOf([...ISSUER_DOCUMENTS, ...ROLE_DOCUMENTS, ...list])

/** What the parts of a trace make together, by the rules on docs/decision-rules.md and not by the engine's code. */
function rederive({ effect, principals, action, resources, inForce, conditions, breakGlass }: StatementTrace) {
  const about = [principals, action, resources, inForce, ...(breakGlass ? [breakGlass] : [])].map(
    ({ answer }) => answer,
  )
  const when = conditions.map(({ answer }) => answer)
  if (about.includes('no')) return 'no'
  const unknown = [...about, ...when].includes('unknown')
  if (unknown && effect === 'forbid') return 'unknown'
  if (when.includes('no')) return 'no'
  return unknown ? 'unknown' : 'yes'
}

/** Of several selectors, or patterns, the best for the caller's being meant counts. */
const best = (parts: readonly { answer: string }[]) =>
  ['yes', 'unknown'].find((wanted) => parts.some(({ answer }) => answer === wanted)) ?? 'no'

describe('explain: properties', () => {
  it('gives the very decision of decide, and a trace whose parts make it', () => {
    fc.assert(
      fc.property(statements(8), questions, instants, (list, question, now) => {
        const set = setOf(list)
        const { decision, statements: traces, considered } = explain(question, set, now)
        expect(decision).toEqual(decide(question, set, now))
        expect(considered).toBe(set.candidates(question.principal).length)
        for (const trace of traces) {
          expect(trace.applies).toBe(rederive(trace))
          expect(trace.principals.answer).toBe(best(trace.principals.selectors))
          expect(trace.resources.answer).toBe(best(trace.resources.patterns))
        }
        const enforced = traces.filter(({ mode }) => mode === 'enforce')
        const of = (effect: string, answers: string[]) =>
          enforced.filter((trace) => trace.effect === effect && answers.includes(trace.applies)).map(({ id }) => id)
        const denied = of('forbid', ['yes', 'unknown']).length > 0 || of('permit', ['yes']).length === 0
        expect(decision.effect).toBe(denied ? 'deny' : 'permit')
        if (decision.reason === 'permitted') expect(decision.statementIds).toEqual(of('permit', ['yes']).sort())
        if (decision.reason === 'forbidden') expect(decision.statementIds).toEqual(of('forbid', ['yes']).sort())
      }),
      { numRuns: tries(300) },
    )
  })

  it('never fails where decide answers, whatever is asked', () => {
    fc.assert(
      fc.property(
        statements(4),
        questions,
        fc.string(),
        fc.constantFrom(Number.NaN, 0),
        (list, question, text, now) => {
          const set = setOf(list)
          const asked = { ...question, resource: text, action: text as never }
          expect(explain(asked, set, now).decision).toEqual(decide(asked, set, now))
        },
      ),
      { numRuns: tries(50) },
    )
  })
})

const TENANT = '11111111-1111-4111-8111-111111111111'
const OBJECT = 'b0000000-0000-4000-8000-000000000001'
const CALLER = principal({ id: `entra:${TENANT}:${OBJECT}`, tenant: TENANT, objectId: OBJECT, claims: { env: 'dev' } })
const NOON = Date.parse('2026-11-25T12:00:00Z')
const PERMIT = {
  kind: 'statement',
  effect: 'permit',
  principals: [{ entra: { tenant: TENANT, objectId: OBJECT } }],
  roles: ['reader'],
  resources: ['secret/main/*'],
}
const ask = (list: readonly object[], more: object = {}) => {
  const question = {
    principal: CALLER,
    action: 'secret:get' as const,
    resource: 'secret/main/Key',
    context: {},
    ...more,
  }
  return explain(question, setOf(list.map((one) => ({ ...PERMIT, ...one }))), NOON)
}

describe('explain', () => {
  it('tells expected and actual of every condition, and what cannot be evaluated', () => {
    const when = {
      ip: ['10.0.0.0/8'],
      time: { days: 'sat,sun', zone: 'Europe/Berlin' },
      claims: { env: 'prod', region: 'eu' },
      purpose: ['settlement'],
    }
    const { decision, statements: traces } = ask([{ id: 'p', when }], { context: { purpose: 'curiosity' } })
    expect(decision.reason).toBe('no_permit')
    expect(traces[0]?.conditions).toEqual([
      { name: 'ip', expected: ['10.0.0.0/8'], answer: 'unknown' },
      { name: 'time', expected: when.time, actual: { day: 'wed', time: '13:00', zone: 'Europe/Berlin' }, answer: 'no' },
      { name: 'purpose', expected: ['settlement'], actual: 'curiosity', answer: 'no' },
      { name: 'claims.env', expected: 'prod', actual: 'dev', answer: 'no' },
      { name: 'claims.region', expected: 'eu', answer: 'unknown' },
    ])
  })

  it('tells what a template became, the resource in the form that is compared, and times in force', () => {
    const resources = ['secret/main/$' + '{principal.objectId}', 'secret/main/$' + '{principal.appId}']
    const { statements: traces } = ask([{ id: 'p', resources, expires: '2026-11-25T12:00:00Z' }])
    expect(traces[0]?.resources).toEqual({
      answer: 'unknown',
      actual: 'secret/main/key',
      patterns: [
        { expected: resources[0], filled: `secret/main/${OBJECT}`, evaluable: true, answer: 'no' },
        { expected: resources[1], filled: 'secret/main/*', evaluable: false, answer: 'unknown' },
      ],
    })
    expect(traces[0]?.inForce).toMatchObject({ answer: 'no', expires: '2026-11-25T12:00:00.000Z' })
  })

  it('names a selector that fails beside the one that holds, and statements about others that would fit', () => {
    const group = 'c0000000-0000-4000-8000-000000000001'
    const byGroup = { entra: { tenant: TENANT, group } }
    const { statements: traces, aboutOthers } = ask([
      { id: 'both', principals: [byGroup, ...PERMIT.principals] },
      { id: 'others', principals: [byGroup] },
      { id: 'elsewhere', principals: [byGroup], resources: ['secret/other/*'] },
    ])
    expect(traces.map(({ id }) => id)).toEqual(['both'])
    expect(traces[0]?.principals).toEqual({
      answer: 'yes',
      selectors: [
        { expected: byGroup, actual: { entra: { tenant: TENANT, groups: [] } }, answer: 'no' },
        { expected: PERMIT.principals[0], actual: PERMIT.principals[0], answer: 'yes' },
      ],
    })
    expect(aboutOthers).toEqual({ count: 1, statements: ['others'] })
  })

  it('tells that a grant does not cover what policy permits', () => {
    const through = { chain: ['g1', 'g2'], covers: () => false, approvedBy: [], use: async () => {} }
    const { decision, grant } = ask([{ id: 'p' }], { principal: { ...CALLER, through } })
    expect([decision.reason, grant]).toEqual(['outside_grant', { chain: ['g1', 'g2'], covers: false }])
  })

  it('shows report-mode statements as such, and the obligation that is not met', () => {
    const list = [
      { id: 'p', obligations: { requireReason: true } },
      { id: 'r', effect: 'forbid', mode: 'report' },
    ]
    const { decision, unmet, statements: traces } = ask(list)
    expect([decision.effect, decision.reported, unmet]).toEqual(['permit', ['r'], 'reason_required'])
    expect(traces.map(({ id, mode, applies }) => [id, mode, applies])).toEqual([
      ['p', 'enforce', 'yes'],
      ['r', 'report', 'yes'],
    ])
  })

  it('shows two hundred statements and counts the others; what decided is among them', () => {
    const many = Array.from({ length: 300 }, (_, at) => ({ id: `n${at}`, resources: ['secret/other/*'] }))
    const { considered, statements: traces } = ask([...many, { id: 'z' }])
    expect([considered, traces.length, traces[0]?.id]).toEqual([301, 200, 'z'])
  })
})
