import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { secret } from '../../functions/secret.ts'
import { givenBy, grantCalls } from '../support/grant-calls.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, statement } from '../support/secret-gateway.ts'
import { directory } from '../support/tenant.ts'

const local = rig()
let on: Awaited<ReturnType<typeof secretGateway>>
const { open, read, delegate, renew } = grantCalls(() => on)

const approver = `entra:${directory.tenant}:${directory.app('approver').objectId}`
const engineer = `entra:${directory.tenant}:${directory.app('platform-engineer').objectId}`
const WISH = {
  actions: ['secret:get'],
  resources: ['secret/main/vault-*'],
  ttl: '8h',
  breakGlass: true,
  reason: 'outage',
}
const TICKET = { 'x-sallyport-ticket': 'INC-4711' }
const SAID = { ...TICKET, 'x-sallyport-reason': 'outage' }

const itemsOf = async (grant: string) => {
  const found: Record<string, unknown>[] = []
  for await (const { item } of on.azure.table('subscriptions').list({ partitionKey: 'open' })) {
    const read = JSON.parse(String(item))
    if (read.grant === grant) found.push(read)
  }
  return found
}

beforeAll(async () => {
  on = await secretGateway(local, [
    statement('deploys', 'deploy-app', ['secret-deployer'], ['secret/main/*']),
    statement('slow', 'orders-app', ['grant-opener', 'secret-reader'], ['secret/main/vault-*'], {
      obligations: { approval: { count: 2, approvers: [engineer, approver] } },
    }),
    statement('glass', 'orders-app', ['grant-opener', 'secret-reader'], ['secret/main/vault-*'], { breakGlass: true }),
    statement('only', 'billing-app', ['secret-reader'], ['secret/main/vault-root'], { breakGlass: true }),
  ])
  for (const name of ['vault-root', 'vault-other']) {
    const put = { method: 'PUT', params: { vault: 'main', name }, body: { value: 'kept' } }
    expect((await on.call(secret, 'deploy-app', put)).status).toBe(201)
  }
}, 60_000)
afterAll(() => on.gateway.close())

describe('break-glass', () => {
  it('201: at once and for an hour at most, without approvals; approvers and reviewers have an item each before it is used', async () => {
    const answer = await open(WISH, 'orders-app', TICKET)
    expect(answer).toMatchObject({ status: 201, json: { state: 'active' } })
    const { id, credential, expires } = givenBy(answer)
    expect(Date.parse(expires) - Date.now()).toBeLessThanOrEqual(3_600_000)
    expect(await itemsOf(id)).toEqual([
      {
        ...{ event: 'breakglass.used', grant: id, root: expect.stringMatching(/^entra:/) },
        ...{ reason: 'outage', ticket: 'INC-4711', skipped: [approver, engineer].sort() },
      },
    ])
    expect((await read('vault-root', credential, SAID)).status).toBe(200)
    expect((await read('vault-root', credential, SAID)).status).toBe(200)
    const reads = (await itemsOf(id)).filter(({ event }) => event === 'breakglass.read')
    expect(reads).toEqual([expect.objectContaining({ grant: id, resource: 'secret/main/vault-root' })])
    const entry = (await on.journal()).find((one) => one.kind === 'intent' && one.grantChain?.includes(id))
    expect(entry).toMatchObject({ breakGlass: true, context: { ticket: 'INC-4711' }, decision: { effect: 'permit' } })
  })

  it('403 reason_required, ticket_required: each use says both', async () => {
    const { reason: _, ...silent } = WISH
    expect(await open(silent, 'orders-app', TICKET)).toMatchObject({ status: 403, json: { code: 'reason_required' } })
    expect(await open(WISH, 'orders-app')).toMatchObject({ status: 403, json: { code: 'ticket_required' } })
    const { credential } = givenBy(await open(WISH, 'orders-app', TICKET))
    expect(await read('vault-root', credential)).toMatchObject({ status: 403, json: { code: 'reason_required' } })
  })

  it('403 access_denied: what only a permit for emergencies permits, without saying that it is one', async () => {
    const plain = { params: { vault: 'main', name: 'vault-root' }, headers: SAID }
    expect(await on.call(secret, 'billing-app', plain)).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    const { breakGlass: _, ...ordinary } = WISH
    expect(await open(ordinary, 'orders-app', TICKET)).toMatchObject({ status: 201, json: { state: 'pending' } })
  })

  it('409 conflict: it is neither handed on nor renewed', async () => {
    const given = givenBy(await open(WISH, 'orders-app', TICKET))
    const { breakGlass: _, ...wish } = WISH
    expect(await delegate(given, wish, TICKET)).toMatchObject({ status: 409, json: { code: 'conflict' } })
    expect(await renew(given, SAID)).toMatchObject({ status: 409, json: { code: 'conflict' } })
    expect((await read('vault-other', given.credential, SAID)).status).toBe(200)
  })
})
