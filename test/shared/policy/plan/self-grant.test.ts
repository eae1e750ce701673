import { describe, expect, it } from 'vitest'
import type { Principal } from '../../../../shared/identity/principal.ts'
import type { Action } from '../../../../shared/policy/actions.ts'
import type { PrincipalSelector } from '../../../../shared/policy/documents/principals.ts'
import { selfGrants } from '../../../../shared/policy/plan/self-grant.ts'

const TENANT = '11111111-1111-4111-8111-111111111111'
const guid = (last: number) => `b0000000-0000-4000-8000-00000000000${last}`
const times = { expiresAt: 0, validatedAt: 0 }

const author: Principal = {
  ...{ id: `entra:${TENANT}:${guid(1)}`, kind: 'entra', issuerName: 'contoso', subject: 's', tenant: TENANT },
  ...{ objectId: guid(1), groups: [guid(7)], roles: ['policy-author'], claims: {}, ...times },
}
const pipeline: Principal = {
  ...{ id: 'oidc:github:cmVwbw', kind: 'oidc', issuerName: 'github', subject: 'repo:acme/billing:ref:main' },
  ...{ groups: [], roles: [], claims: { event_name: 'push' }, ...times },
}

const helps = (writer: Principal, principal: PrincipalSelector, action: Action = 'secret:get') =>
  selfGrants(
    [
      {
        kind: 'permission',
        document: 'statement/s',
        because: '',
        principals: [principal],
        actions: [action],
        resources: [],
      },
    ],
    writer,
  ).length === 1

const someoneElse = { entra: { tenant: TENANT, objectId: guid(2) } }

describe('selfGrants: what may help its writer (T36)', () => {
  it('counts claims that another token of the same caller may bring', () => {
    const on = (event_name: string) => ({ oidc: { issuer: 'github', subject: 'repo:acme/**', claims: { event_name } } })
    expect(helps(pipeline, on('push'))).toBe(true)
    expect(helps(pipeline, on('workflow_dispatch'))).toBe(true)
    expect(helps(pipeline, { oidc: { issuer: 'github', subject: 'repo:other/**' } })).toBe(false)
  })

  it('counts groups and roles of its tenant, which the next token may name; not those of another', () => {
    expect(helps(author, { entra: { tenant: TENANT, group: guid(8) } })).toBe(true)
    expect(helps(author, { entra: { tenant: TENANT, role: 'officer' } })).toBe(true)
    expect(helps(author, { entra: { tenant: guid(3), group: guid(8) } })).toBe(false)
    expect(helps(pipeline, { entra: { tenant: TENANT, group: guid(8) } })).toBe(false)
  })

  it('counts the right to write or approve policies for anybody: a second identity would hand on the rest', () => {
    expect(helps(author, someoneElse)).toBe(false)
    expect(helps(author, someoneElse, 'policy:write')).toBe(true)
    expect(helps(author, someoneElse, 'policy:approve')).toBe(true)
  })

  it('counts everything for who comes through a grant: nobody knows who holds its credential', () => {
    const through = { chain: ['g'], covers: () => true, approvedBy: [], use: async () => {} }
    expect(helps({ ...author, through }, someoneElse)).toBe(true)
  })
})
