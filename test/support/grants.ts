import { randomUUID } from 'node:crypto'
import type { Entry } from '../../shared/audit/entry.ts'
import type { Table } from '../../shared/azure/table.ts'
import { createGate } from '../../shared/gate.ts'
import { createGrants } from '../../shared/grants/grants.ts'
import { GrantRequest } from '../../shared/grants/open-request.ts'
import type { Principal } from '../../shared/identity/principal.ts'
import type { Action } from '../../shared/policy/actions.ts'
import { decide } from '../../shared/policy/decide.ts'
import type { Question } from '../../shared/policy/decision.ts'
import { Secret } from '../../shared/secrets/secret.ts'
import type { KeyRing } from '../../shared/tokens/keys/key-ring.ts'
import { createSigner } from '../../shared/tokens/keys/signer.ts'
import { generateSigningSecret, importSigningKey } from '../../shared/tokens/keys/signing-key.ts'
import { memoryLimits } from './limits.ts'
import { createMemoryTable } from './memory-table.ts'
import { issuer, role, statement } from './policy/documents.ts'
import { snapshotOf } from './policy/snapshot-of.ts'
import { principal as made } from './principal.ts'

const ISSUER = 'https://gateway.test'
export const START = Date.UTC(2026, 10, 25, 9)
export const MAX_SECONDS = 28_800

/** Any caller of `ci` may do anything: what is refused is then refused by the grant. */
export const OPEN_POLICY = [
  issuer('ci'),
  role('anything', [
    ...['secret:get', 'secret:list', 'secret:set', 'secret:metadata', 'handle:create', 'token:issue'],
    ...['token:issueWrite', 'grant:create', 'grant:delegate', 'grant:read', 'policy:read', 'audit:read'],
  ]),
  statement('all', { roles: ['anything'], resources: ['**'] }),
]

const keys = (async (): Promise<Pick<KeyRing, 'jwks' | 'signer' | 'valueHmac'>> => {
  const key = await importSigningKey('ES256', await generateSigningSecret('ES256'))
  if (!key) throw new Error('no key')
  const signer = await createSigner(key)
  const valueHmac = new Secret('value-hmac-of-a-test-that-is-long-enough')
  return { jwks: async () => ({ keys: [key.publicJwk] }), signer: async () => signer, valueHmac: async () => valueHmac }
})()

/** The root principal of these tests. */
export const root = (overrides: Partial<Principal> = {}): Principal =>
  made({
    ...{ id: 'oidc:ci:YWxpY2U', kind: 'oidc', issuerName: 'ci', subject: 'alice' },
    claims: { iss: 'https://ci.example', sub: 'alice' },
    ...{ validatedAt: START, expiresAt: START + 3_600_000 },
    ...overrides,
  })

/** Grants behind a real door and a real policy; several on one table are several instances. */
export async function grantsOn(table: Table = createMemoryTable(), documents: readonly unknown[] = OPEN_POLICY) {
  const clock = { now: START }
  const entries: Entry[] = []
  const alarms: { grant: string; what: string }[] = []
  const refusals: string[] = []
  const locks: string[] = []
  const set = { snapshot: snapshotOf(documents) }
  /** Run just before an intent is durable, and when the door reads the policy again. */
  const hooks: { beforeRecord?: () => Promise<void>; refresh?: () => Promise<void> } = {}
  const now = () => clock.now
  const ask = (question: Question) => decide(question, set.snapshot, clock.now)
  const journal = {
    record: async (entry: Entry) => {
      await hooks.beforeRecord?.()
      entries.push(entry)
      return { wid: 'w', seq: entries.length, macPrefix: 'm' }
    },
    follow: (entry: Entry) => void entries.push(entry),
    close: async () => {},
  }
  const gate = createGate({
    decide: ask,
    refreshPolicy: async () => hooks.refresh?.(),
    journal,
    limits: memoryLimits(now),
    now,
  })
  const grants = createGrants({
    ...{ table, keys: await keys, issuer: ISSUER, maxSeconds: MAX_SECONDS, now, admit: gate.admit, decide: ask },
    issuerOf: (iss) => set.snapshot.issuerOf(iss),
    refused: (name, reason) => void refusals.push(`${name} ${reason}`),
    tampered: (detail) => void alarms.push(detail),
    locked: ({ grant }) => void locks.push(grant),
    openItems: { add: async () => undefined },
  })
  const act = (principal: Principal, action: Action, resource: string, txn: string = randomUUID()) =>
    gate.admit({ txn, principal, action, resource, context: {} })
  return {
    ...{ table, clock, entries, alarms, refusals, locks, set, hooks, grants, act },
    async open(wish: object, who = root()) {
      const { reason: _none, ...parsed } = GrantRequest.parse({ ttl: '1h', ...wish })
      const caller = { txn: randomUUID(), principal: who, context: {} }
      const operation = { id: randomUUID(), repeated: false, answered: false }
      return grants.open({ caller, operation, wish: parsed })
    },
    /** Presents the credential and acts: one request. */
    use: async (credential: string, action: Action, resource: string) =>
      act(await grants.present(credential), action, resource),
  }
}

/** `ok`, or the code and internal reason of a refusal; anything else is thrown on. */
export const outcomeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'ok',
    (error: { code?: string; reason?: string }) => {
      if (!error.code) throw error
      return `${error.code} ${error.reason}`
    },
  )
