import { describe, expect, it } from 'vitest'
import { explainToSelf } from '../../../../shared/audit/explanations/explain-request.ts'
import type { Principal } from '../../../../shared/identity/principal.ts'
import { snapshotOf } from '../../../support/policy/snapshot-of.ts'

const root: Principal = {
  ...{ id: 'entra:a:b', kind: 'entra', issuerName: 'contoso', subject: 's', tenant: 'a', objectId: 'b' },
  ...{ groups: [], roles: [], claims: { preferred_username: 'root@contoso.example' }, expiresAt: 0, validatedAt: 0 },
}
const through = { chain: ['g'], covers: () => true, approvedBy: [], use: async () => {} }
const snapshot = snapshotOf([])
const deps = {
  policy: { current: () => snapshot, status: () => ({ state: 'ok' as const }) },
  now: () => 0,
  findDecided: async () => undefined,
}
const told = (principal: Principal) =>
  explainToSelf({ action: 'secret:get', resource: 'secret/main/a' }, { principal, context: {} }, deps)

describe('an explanation of oneself', () => {
  it('shows the claims of the token that was sent, never those of the root of a grant', () => {
    expect(told(root)).toMatchObject({ claims: root.claims })
    expect(JSON.stringify(told({ ...root, through }))).not.toContain('root@contoso')
  })
})
