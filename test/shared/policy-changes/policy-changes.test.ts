import { describe, expect, it } from 'vitest'
import type { Grant } from '../../../shared/gate.ts'
import type { Principal } from '../../../shared/identity/principal.ts'
import { applyPolicies } from '../../../shared/policy/apply.ts'
import { createPolicyChanges } from '../../../shared/policy-changes/policy-changes.ts'
import { createMemoryTable } from '../../support/memory-table.ts'
import { role, statement } from '../../support/policy/documents.ts'

const TENANT = '11111111-1111-4111-8111-111111111111'
const guid = (last: number) => `b0000000-0000-4000-8000-00000000000${last}`
const who = (last: number) => ({ entra: { tenant: TENANT, objectId: guid(last) } })
const through = { chain: ['g'], covers: () => true, approvedBy: [], use: async () => {} }

/** The grant of who was let in to write; of the door nothing else is asked here. */
const letIn = (last: number, more: Partial<Principal> = {}): Grant => {
  const principal: Principal = {
    ...{ id: `entra:${TENANT}:${guid(last)}`, kind: 'entra', issuerName: 'contoso', tenant: TENANT },
    ...{ subject: 's', objectId: guid(last), groups: [], roles: [], claims: {}, expiresAt: 0, validatedAt: 0 },
    ...more,
  }
  const failed = (error: unknown) => error
  return { principal, spend: () => {}, succeeded: () => {}, failed } as unknown as Grant
}

async function setup() {
  const table = createMemoryTable()
  const now = () => 1_000
  await applyPolicies({ table, documents: [role('reader'), statement('s', { principals: [who(1)] })], now })
  const changes = createPolicyChanges({
    table,
    now,
    checks: { forbiddenIssuer: 'https://g.example' },
    refresh: async () => {},
  })
  let count = 0
  const put = (grant: Grant, document: { kind: string } & Record<string, unknown>) => {
    const id = String(document['id'] ?? document['name'])
    const operation = { id: `op-${count++}`, answered: false }
    return changes.change(grant, { kind: document.kind, id, document, check: () => {}, operation })
  }
  return { changes, put }
}

describe('a change of policies (T36)', () => {
  it('403 access_denied: through a grant nobody is given anything, and nothing is left to approve', async () => {
    const { changes, put } = await setup()
    const document = statement('mine', { principals: [who(2)] })
    await expect(put(letIn(1, { through }), document)).rejects.toMatchObject({
      code: 'access_denied',
      reason: 'through_grant',
    })
    expect(await changes.proposalsFor('statement', 'mine')).toEqual([])
    expect(await put(letIn(1), document)).toMatchObject({ revision: 2 })
  })

  it('passes through a grant when it takes away', async () => {
    const { put } = await setup()
    const narrower = statement('s', { principals: [who(1)], resources: ['secret/main/one'] })
    expect(await put(letIn(1, { through }), narrower)).toMatchObject({ revision: 2 })
  })

  it('403 approval_required: a second identity is given no right to write or approve', async () => {
    const { put } = await setup()
    await put(letIn(1), role('approver', ['policy:approve']))
    const document = statement('helper', { principals: [who(2)], roles: ['approver'], resources: ['policy'] })
    await expect(put(letIn(1), document)).rejects.toMatchObject({ code: 'approval_required' })
  })
})
