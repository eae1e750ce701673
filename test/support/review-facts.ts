import { StatementDocument } from '../../shared/policy/documents/statement.ts'
import { compileStatement, type Statement } from '../../shared/policy/statement.ts'
import type { Facts, SecretFact, UseFact } from '../../shared/review/facts.ts'

export const NOW = Date.UTC(2026, 10, 25, 12)
export const DAY = 86_400_000
export const TENANT = '11111111-1111-4111-8111-111111111111'
export const guid = (at: number) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`
export const entra = (at: number) => `entra:${TENANT}:${guid(at)}`

export function permit(id: string, principal: object, resources: string[], more: object = {}): Statement {
  const document = StatementDocument.parse({
    ...{ kind: 'statement', id, effect: 'permit', principals: [principal], roles: ['reader'], resources },
    ...more,
  })
  return compileStatement(document, {
    actionsOf: () => new Set(['secret:get'] as const),
    clockOf: () => {
      throw new Error('no clock here')
    },
  })
}

export const byObject = (at: number) => ({ entra: { tenant: TENANT, objectId: guid(at) } })
export const byApp = (at: number) => ({ entra: { tenant: TENANT, appId: guid(at) } })

export const secret = (name: string, more: Partial<SecretFact> = {}): SecretFact => ({
  ...{ vault: 'main', name, enabled: true, tags: {}, created: NOW - DAY },
  ...more,
})

export const use = (name: string, principal: string, more: Partial<UseFact> = {}): UseFact => ({
  ...{ resource: `secret/main/${name}`, principal, version: 'a'.repeat(32) },
  ...{ firstRead: NOW - 10 * DAY, lastRead: NOW - DAY, reads: 3 },
  ...more,
})

export const facts = (more: Partial<Facts> = {}): Facts => ({
  ...{ now: NOW, revision: 7, statements: [], secretRules: [], rotations: [], secrets: [], unreadableVaults: [] },
  ...{ uses: [], statementUses: new Map(), activity: [], roleNeeds: [] },
  ...{ directory: { known: [] }, roles: { known: [] } },
  ...more,
})
