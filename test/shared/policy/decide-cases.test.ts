import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Principal } from '../../../shared/identity/principal.ts'
import type { Action } from '../../../shared/policy/actions.ts'
import { decide } from '../../../shared/policy/decide.ts'
import type { RequestContext } from '../../../shared/policy/decision.ts'
import { snapshotOf } from '../../support/policy/snapshot-of.ts'
import { principal } from '../../support/principal.ts'

type Case = {
  description: string
  /** Laid over a permit of `secret:get` and `secret:list` on secret/main/* for the default caller. */
  statements: Record<string, unknown>[]
  /** Laid over that caller asking for secret/main/stripe-api-key at noon on Wednesday, 2026-11-25 UTC. */
  question: {
    principal?: Partial<Principal>
    action?: Action
    resource?: string
    context?: RequestContext
    now?: string
    breakGlass?: true
  }
  decision: Record<string, unknown>
}

const TENANT = '11111111-1111-4111-8111-111111111111'
const OBJECT = 'b0000000-0000-4000-8000-000000000001'
const CALLER = { tenant: TENANT, objectId: OBJECT, appId: 'a0000000-0000-4000-8000-000000000001', subject: OBJECT }

const SURROUNDINGS = [
  ...['ci', 'kube'].map((name) => ({
    kind: 'issuer',
    name,
    issuer: `https://${name}.example`,
    audiences: ['api://sallyport'],
    algorithms: ['RS256'],
    principal: 'oidc',
  })),
  { kind: 'role', name: 'reader', actions: ['secret:get', 'secret:list'] },
  { kind: 'role', name: 'getter', actions: ['secret:get'] },
  { kind: 'role', name: 'minter', actions: ['token:issue', 'token:issueWrite'] },
  {
    kind: 'target',
    name: 'ledger-api',
    access: 'write',
    token: { kind: 'jwt', audience: 'api://ledger', scopes: [] },
  },
]

const PERMIT = {
  kind: 'statement',
  effect: 'permit',
  principals: [{ entra: { tenant: TENANT, objectId: OBJECT } }],
  roles: ['reader'],
  resources: ['secret/main/*'],
}

const folder = join(import.meta.dirname, 'cases')

describe.each(readdirSync(folder))('decide: %s', (file) => {
  const cases = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Case[]

  it.each(cases.map((one) => [one.description, one] as const))(
    '%s',
    (_description, { statements, question, decision }) => {
      const snapshot = snapshotOf([...SURROUNDINGS, ...statements.map((statement) => ({ ...PERMIT, ...statement }))])
      const { now = '2026-11-25T12:00:00Z', principal: caller, ...rest } = question
      const asked = {
        action: 'secret:get' as const,
        resource: 'secret/main/stripe-api-key',
        context: {},
        ...rest,
        principal: principal(caller?.kind === 'oidc' ? oidc(caller) : { ...CALLER, ...caller }),
      }
      const { reported, ...answer } = decide(asked, snapshot, Date.parse(now))
      expect({ reported, ...answer }).toMatchObject({ reported: [], ...decision, revision: 7 })
      if ('obligations' in decision) expect(answer.obligations).toEqual(decision['obligations'])
      if ('statementIds' in decision) expect(answer.statementIds).toEqual(decision['statementIds'])
    },
  )
})

/** A caller of another kind has no tenant and no object id. */
function oidc(overrides: Partial<Principal>): Partial<Principal> {
  return { id: 'oidc:x:y', ...overrides, tenant: '', objectId: '' }
}
