import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { grant } from '../../functions/grant.ts'
import { grantApprovals } from '../../functions/grant-approvals.ts'
import { secret } from '../../functions/secret.ts'
import { applyPolicies } from '../../shared/policy/apply.ts'
import { loadDocuments } from '../../shared/policy/load-documents.ts'
import { givenBy, grantCalls } from '../support/grant-calls.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, seen, statement } from '../support/secret-gateway.ts'
import { type Caller, directory } from '../support/tenant.ts'

const local = rig()
let on: Awaited<ReturnType<typeof secretGateway>>
const { open, read, approve } = grantCalls(() => on)
const idOf = (who: Caller) => `entra:${directory.tenant}:${directory.app(who).objectId}`

const approvers = [idOf('approver'), idOf('platform-engineer'), idOf('logic-app')]
const WISH = { actions: ['secret:get'], resources: ['secret/main/slow-key'], ttl: '10m' }
const slow = (count: number) => ({ obligations: { approval: { count, approvers } } })
const DOCUMENTS = [
  statement('deploys', 'deploy-app', ['secret-deployer'], ['secret/main/*']),
  statement('slow', 'logic-app', ['grant-opener', 'secret-reader'], ['secret/main/slow-*'], slow(2)),
  statement('slow-too', 'orders-app', ['grant-opener', 'secret-reader'], ['secret/main/slow-*'], slow(1)),
]
const OPENS = statement('approver-opens', 'approver', ['grant-opener'], ['grant/*'])
const ENGINEERS = statement('engineers-approve', 'platform-engineer', ['grant-approver'], ['grant/**'])
const LOGIC = statement('logic-approves', 'logic-app', ['grant-approver'], ['grant/**'])

const opened = async (who: Caller = 'logic-app') => givenBy(await open(WISH, who))
const reads = async (credential: string) => (await read('slow-key', credential)).status
const seenBy = async (id: string) => givenBy(await on.call(grant, 'security-officer', { params: { id } }))
const apply = async (...documents: object[]) => {
  const examples = await loadDocuments('local/seed/policies')
  const table = on.azure.table('policies')
  await applyPolicies({ table, documents: [...examples, ...DOCUMENTS, ...documents], now: Date.now })
  await on.gateway.policy.refresh()
}

beforeAll(async () => {
  on = await secretGateway(local, [...DOCUMENTS, OPENS, ENGINEERS, LOGIC])
  const put = { method: 'PUT', params: { vault: 'main', name: 'slow-key' }, body: { value: 'kept' } }
  expect((await on.call(secret, 'deploy-app', put)).status).toBe(201)
}, 60_000)
afterAll(() => on.gateway.close())

describe('POST /v1/grants/{id}/approvals', () => {
  it('200: pending until enough have approved, then the value; an item asks the approvers', async () => {
    const { id, credential } = await opened()
    const asked = await on.azure.table('subscriptions').get('open', `approval.requested|${id}`)
    expect(JSON.parse(String(asked?.['item']))).toMatchObject({ grant: id, root: idOf('logic-app'), count: 2 })
    expect(await reads(credential)).toBe(403)
    expect(await approve(id, 'approver')).toMatchObject({ status: 200, json: { state: 'pending' } })
    expect(await reads(credential)).toBe(403)
    expect(await approve(id, 'platform-engineer')).toMatchObject({ status: 200, json: { state: 'active' } })
    expect(await reads(credential)).toBe(200)
    const intents = (await on.journal()).filter((entry) => entry.kind === 'intent' && entry.resource === `grant/${id}`)
    expect(intents.filter((entry) => 'action' in entry && entry.action === 'grant:approve')).toHaveLength(2)
  })

  it('200: two approvers at once both count; one who says it twice counts once', async () => {
    const { id, credential } = await opened()
    await approve(id, 'approver')
    expect(await approve(id, 'approver')).toMatchObject({ status: 200, json: { state: 'pending' } })
    const other = await opened()
    await Promise.all([approve(other.id, 'approver'), approve(other.id, 'platform-engineer')])
    expect([await reads(credential), await reads(other.credential)]).toEqual([403, 200])
  })

  it('403 access_denied: one’s own, though named and permitted', async () => {
    const { id } = await opened()
    expect(await approve(id, 'logic-app')).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    expect((await seenBy(id))['approval']).toMatchObject({ approvedBy: [] })
  })

  it('403 access_denied: through a grant, by who is not named, without permission; the same bytes for none', async () => {
    const { id } = await opened()
    const own = givenBy(await open({ actions: ['grant:approve'], resources: ['grant/*'], ttl: '5m' }, 'approver'))
    const through = { authorization: `Bearer ${own.credential}` }
    const body = { decision: 'approve', reason: 'on his behalf' }
    const shown = await on.call(grantApprovals, undefined, { method: 'POST', params: { id }, body, headers: through })
    expect(shown).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    expect((await seenBy(id))['approval']).toMatchObject({ approvedBy: [] })
    expect(await approve(id, 'security-officer')).toMatchObject({ status: 403 })
    expect(seen(await approve('A'.repeat(32), 'stranger'))).toBe(seen(await approve(id, 'stranger')))
    expect((await approve('A'.repeat(32), 'approver')).status).toBe(404)
  })

  it('200: one denial ends it, before and after it was approved', async () => {
    const [one, other] = [await opened(), await opened('orders-app')]
    expect(await approve(one.id, 'approver', 'deny')).toMatchObject({ json: { state: 'revoked' } })
    expect(await approve(one.id, 'platform-engineer')).toMatchObject({ status: 409, json: { code: 'conflict' } })
    await approve(other.id, 'approver')
    expect(await reads(other.credential)).toBe(200)
    expect((await approve(other.id, 'logic-app', 'deny')).status).toBe(200)
    expect([await reads(one.credential), await reads(other.credential)]).toEqual([401, 401])
  })

  it('stays dead when it is approved while it is revoked', async () => {
    for (let round = 0; round < 3; round++) {
      const { id, credential } = await opened('orders-app')
      await Promise.all([
        approve(id, 'approver'),
        on.call(grant, 'security-officer', { method: 'DELETE', params: { id } }),
      ])
      expect([await reads(credential), (await seenBy(id))['state']]).toEqual([401, 'revoked'])
    }
  })

  it('409 conflict: a grant that needs none', async () => {
    const wish = { actions: ['secret:get'], resources: ['secret/main/stripe-api-key'], ttl: '5m' }
    const { id } = givenBy(await open(wish))
    expect(await approve(id, 'approver')).toMatchObject({ status: 409, json: { code: 'conflict' } })
  })

  it('403 approval_required: an approver’s permit was withdrawn afterwards, and another one’s approval mends it', async () => {
    const { id, credential } = await opened('orders-app')
    await approve(id, 'platform-engineer')
    expect(await reads(credential)).toBe(200)
    await apply(LOGIC)
    expect(await read('slow-key', credential)).toMatchObject({ status: 403, json: { code: 'approval_required' } })
    await approve(id, 'approver')
    expect(await reads(credential)).toBe(200)
    await apply(LOGIC, ENGINEERS)
  })

  it('counts no approval that somebody wrote into storage (T14)', async () => {
    const { id, credential } = await opened('orders-app')
    await approve(id, 'approver')
    const table = on.azure.table('grants')
    for await (const row of table.list({ partitionKey: id, rowFrom: 'a|', rowBefore: 'a}' })) {
      await table.replace({ ...row, said: String(row['said']).replace('"at":1', '"at":2') }, row.etag)
    }
    expect(await read('slow-key', credential)).toMatchObject({ status: 403, json: { code: 'approval_required' } })
  })

  it('400 invalid_request: no reason, another decision', async () => {
    const params = { id: 'A'.repeat(32) }

    for (const body of [
      { decision: 'approve' },
      { decision: 'maybe', reason: 'x' },
      { decision: 'approve', reason: '' },
    ]) {
      expect((await on.call(grantApprovals, 'approver', { method: 'POST', params, body })).status).toBe(400)
    }
  })
})
