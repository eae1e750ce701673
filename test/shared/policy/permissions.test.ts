import { describe, expect, it } from 'vitest'
import { parsePolicySet } from '../../../shared/policy/documents/policy-set.ts'
import { permissionsOf } from '../../../shared/policy/permissions.ts'
import { createSnapshotBuilder, rolesFirst } from '../../../shared/policy/snapshot.ts'
import { principal } from '../../support/principal.ts'

const TENANT = '11111111-1111-4111-8111-111111111111'
const OBJECT = 'b0000000-0000-4000-8000-000000000001'
const caller = principal({ tenant: TENANT, objectId: OBJECT })

const statement = (id: string, rest: Record<string, unknown> = {}) => ({
  kind: 'statement',
  id,
  effect: 'permit',
  mode: 'enforce',
  principals: [{ entra: { tenant: TENANT, objectId: OBJECT } }],
  roles: ['reader'],
  resources: ['secret/main/app-*'],
  owner: 'team',
  ...rest,
})

function permissions(...statements: unknown[]) {
  const parsed = parsePolicySet([
    { kind: 'role', name: 'reader', actions: ['secret:list', 'secret:get'] },
    ...statements,
  ])
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  const builder = createSnapshotBuilder()
  for (const { document } of rolesFirst(parsed.documents)) builder.add(document)
  const now = Date.parse('2026-06-01T00:00:00Z')
  return permissionsOf(caller, builder.build({ revision: 1, loadedAt: 0 }), now)
}

describe('permissionsOf', () => {
  it('lists the permits about the caller, as their author wrote them', () => {
    expect(permissions(statement('b'), statement('a', { when: { purpose: ['settlement'] } }))).toEqual([
      { statement: 'a', actions: ['secret:get', 'secret:list'], resources: ['secret/main/app-*'], conditional: true },
      { statement: 'b', actions: ['secret:get', 'secret:list'], resources: ['secret/main/app-*'], conditional: false },
    ])
  })

  it.each([
    ['a forbid', { effect: 'forbid' }],
    ['a statement in report mode', { mode: 'report' }],
    ['an expired statement', { expires: '2026-01-01T00:00:00Z' }],
    ['a statement that is not in force yet', { notBefore: '2027-01-01T00:00:00Z' }],
    [
      'a statement about somebody else',
      { principals: [{ entra: { tenant: TENANT, objectId: OBJECT.replace('1', '2') } }] },
    ],
  ])('leaves out %s', (_what, rest) => {
    expect(permissions(statement('a', rest))).toEqual([])
  })
})
