import { randomBytes, randomUUID } from 'node:crypto'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { tokens } from '../../functions/tokens.ts'
import { createGateway, type Gateway } from '../../shared/gateway.ts'
import { rig } from '../support/rig.ts'
import { until } from '../support/running.ts'
import { secretGateway, statement } from '../support/secret-gateway.ts'
import { directory } from '../support/tenant.ts'

const local = rig()
const clientId = randomUUID()
const authority = local.identityControl.of(clientId)
const username = `erp-${local.account}@contoso.example`
const right = randomBytes(24).toString('base64url')
const open: Gateway[] = []

beforeAll(async () => {
  await local.identityControl.register({ name: 'erp', appId: clientId, objectId: randomUUID() }, randomUUID())
  await local.identityControl.registerUser({ name: 'erp', username, objectId: randomUUID() }, right)
})
beforeEach(() => authority.clear())
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.close()
})

const store = async (credential: string, password: string) =>
  (await local.operatorVault('gateway')).setSecret(`ext-${credential}`, JSON.stringify({ username, password }))

const documents = (credential: string) => [
  {
    ...{ kind: 'target', name: `erp-${credential}`, access: 'read' },
    token: {
      ...{ kind: 'password', tenant: directory.tenant, clientId, credential },
      resource: 'https://management.azure.com',
    },
  },
  statement(`erp-${credential}`, 'analytics-app', ['token-reader'], [`token/erp-${credential}`]),
]

async function configured(credential: string) {
  const on = await secretGateway(local, documents(credential))
  open.push(on.gateway)
  return on
}

const tries = async () => (await authority.counts())['token'] ?? 0

describe('a password target is checked once, when it is configured', () => {
  it('a right one: its first caller is served from the cache', async () => {
    await store('right', right)
    const on = await configured('right')
    await until(async () => (await tries()) === 1)
    const answer = await on.call(tokens, 'analytics-app', { method: 'POST', body: { target: 'erp-right' } })
    expect(answer).toMatchObject({ status: 200, json: { source: 'cache' } })
    expect(await tries()).toBe(1)
    expect(on.lines).not.toContainEqual(expect.objectContaining({ event: 'password.unusable' }))
  })

  it('a wrong one: the log says so before anybody asks; ten instances try it once, so nothing is locked', async () => {
    await store('wrong', 'canary-password')
    const on = await configured('wrong')
    const unusable = { event: 'password.unusable', target: 'erp-wrong', credential: 'wrong' }
    await until(() => on.lines.some((line) => 'event' in line && line.event === 'password.unusable'))
    expect(on.lines).toContainEqual(expect.objectContaining({ ...unusable, reason: 'upstream_invalid_grant' }))
    const others: object[] = []
    for (let instance = 0; instance < 10; instance += 1)
      open.push(createGateway(local.config(), { log: (line) => others.push(line) }))
    await until(() => others.filter((line) => 'event' in line && line.event === 'password.unusable').length === 10)
    expect(others).toContainEqual(expect.objectContaining({ ...unusable, reason: 'credential_refused_before' }))
    expect(await tries()).toBe(1)
    expect(JSON.stringify([on.lines, others])).not.toMatch(/canary|AADSTS/)
  })

  it('ten that start at the same moment try a wrong one once', async () => {
    await configured('together-later')
    await store('together', 'wrong')
    const { applyPolicies } = await import('../../shared/policy/apply.ts')
    const { loadDocuments } = await import('../../shared/policy/load-documents.ts')
    const { createAzure } = await import('../../shared/azure/azure.ts')
    const all = [...(await loadDocuments('local/seed/policies')), ...documents('together')]
    await applyPolicies({
      table: createAzure(local.config()).table('policies'),
      documents: all as object[],
      now: Date.now,
    })
    await authority.clear()
    for (let instance = 0; instance < 10; instance += 1) open.push(createGateway(local.config(), { log: () => {} }))
    await until(async () => open.slice(1).every((gateway) => gateway.policy.status().state === 'ok'))
    await until(async () => (await tries()) > 0)
    expect(await tries()).toBe(1)
  })

  it('a credential that is missing is said, and nobody is asked', async () => {
    const on = await configured('missing')
    await until(() => on.lines.some((line) => 'event' in line && line.event === 'password.unusable'))
    expect(on.lines).toContainEqual(
      expect.objectContaining({ event: 'password.unusable', target: 'erp-missing', reason: 'credential_missing' }),
    )
    expect(await tries()).toBe(0)
  })
})
