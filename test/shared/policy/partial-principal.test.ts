import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Principal } from '../../../shared/identity/principal.ts'
import type { Action } from '../../../shared/policy/actions.ts'
import { decide } from '../../../shared/policy/decide.ts'
import type { StatementDocument } from '../../../shared/policy/documents/statement.ts'
import { createZoneClock } from '../../../shared/policy/match/clock.ts'
import { selectorMatches } from '../../../shared/policy/match/principals.ts'
import { anyOf } from '../../../shared/policy/match/tri.ts'
import { compileStatement } from '../../../shared/policy/statement.ts'
import { createStatementIndex } from '../../../shared/policy/statement-index.ts'
import {
  ISSUER_DOCUMENTS,
  instants,
  principals,
  questions,
  ROLE_DOCUMENTS,
  statements,
} from '../../support/policy/arbitraries.ts'
import { snapshotOf } from '../../support/policy/snapshot-of.ts'
import { tries } from '../../support/share-of.ts'

const CONTEXT = { actionsOf: () => new Set<Action>(), clockOf: createZoneClock }

/** What is left of a principal in a token of ours: who it is. */
const partialOf = ({ appId: _appId, ...whole }: Principal): Principal => ({
  ...whole,
  partial: true,
  groups: whole.kind === 'entra' ? 'overage' : [],
  roles: [],
  claims: {},
})

describe('decide for a partial principal (T6)', () => {
  it('permits nothing that it would not permit whatever its issuer says of application, groups, roles and claims', () => {
    let permitted = 0
    fc.assert(
      fc.property(statements(6), questions, principals, instants, (list, question, other, now) => {
        const set = snapshotOf([...ISSUER_DOCUMENTS, ...ROLE_DOCUMENTS, ...list])
        const { principal } = question
        if (decide({ ...question, principal: partialOf(principal) }, set, now).effect === 'deny') return
        permitted++
        expect(decide(question, set, now).effect).toBe('permit')
        if (other.kind !== principal.kind) return
        const { appId, groups, roles, claims } = other
        const same = { ...principal, groups, roles, claims, ...(appId && { appId }) }
        expect(decide({ ...question, principal: same }, set, now).effect).toBe('permit')
      }),
      { numRuns: tries(600) },
    )
    expect(permitted).toBeGreaterThan(tries(10))
  })

  it('finds every forbid that a scan of all statements would find', () => {
    fc.assert(
      fc.property(statements(12), principals, (list, caller) => {
        const index = createStatementIndex()
        const partial = partialOf(caller)
        const compiled = list.map((document) => compileStatement(document as StatementDocument, CONTEXT))
        for (const statement of compiled) index.add(statement)
        const found = new Map(index.candidates(partial).map(({ statement, byPrincipal }) => [statement, byPrincipal]))
        for (const statement of compiled.filter(({ effect }) => effect === 'forbid')) {
          const scanned = anyOf(statement.selectors.map((selector) => selectorMatches(selector, partial)))
          expect(found.get(statement) ?? 'no').toBe(scanned)
        }
      }),
      { numRuns: tries(200) },
    )
  })

  it.each(['appId', 'group', 'role'])('denies where a forbid names an %s of its tenant: it may be that one', (way) => {
    const tenant = '11111111-1111-4111-8111-111111111111'
    const objectId = 'b0000000-0000-4000-8000-000000000001'
    const statement = { kind: 'statement', roles: ['issuer-of-tokens'], resources: ['token/**'], owner: 'team-test' }
    const named = way === 'role' ? 'Readers' : '90000000-0000-4000-8000-000000000001'
    const set = (forbidden: string) =>
      snapshotOf([
        { kind: 'role', name: 'issuer-of-tokens', actions: ['token:issue'] },
        { ...statement, id: 'p', effect: 'permit', principals: [{ entra: { tenant, objectId } }] },
        { ...statement, id: 'f', effect: 'forbid', principals: [{ entra: { tenant: forbidden, [way]: named } }] },
      ])
    const whole: Principal = {
      ...{ id: `entra:${tenant}:${objectId}`, issuerName: 'own', kind: 'entra', tenant, objectId, subject: objectId },
      ...{ groups: [], roles: [], claims: {}, expiresAt: 0, validatedAt: 0 },
    }
    const question = { principal: partialOf(whole), action: 'token:issue', resource: 'token/x', context: {} } as const
    expect(decide(question, set(tenant), 0)).toMatchObject({ effect: 'deny', reason: 'not_evaluable' })
    expect(decide({ ...question, principal: whole }, set(tenant), 0)).toMatchObject({ effect: 'permit' })
    expect(decide(question, set('22222222-2222-4222-8222-222222222222'), 0)).toMatchObject({ effect: 'permit' })
  })
})
