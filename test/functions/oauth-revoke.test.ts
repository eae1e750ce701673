import { randomUUID } from 'node:crypto'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { introspect } from '../../functions/introspect.ts'
import { oauthToken } from '../../functions/oauth-token.ts'
import { revoke } from '../../functions/revoke.ts'
import { createGateway, type Gateway } from '../../shared/gateway.ts'
import type { Endpoint } from '../../shared/http/endpoint.ts'
import { handle } from '../../shared/http/handle.ts'
import { gatewayRequest } from '../support/gateway-request.ts'
import { rig } from '../support/rig.ts'
import { until } from '../support/running.ts'
import { secretGateway } from '../support/secret-gateway.ts'
import type { Caller } from '../support/tenant.ts'

const local = rig()
let on: Awaited<ReturnType<typeof secretGateway>>
let second: Gateway

beforeAll(async () => {
  on = await secretGateway(local)
  second = createGateway(local.config({ SALLYPORT_JOURNAL_DEADLINE_MS: '20000' }), { log: () => {} })
  // Whichever of the two makes the first keys: the other one says 503 until it has seen them.
  for (const each of [on.gateway, second]) await until(async () => (await each.health()).status === 'ok')
}, 60_000)
afterAll(async () => {
  await on.gateway.close()
  await second.close()
})

async function post(gateway: Gateway, endpoint: Endpoint, who: Caller, form: Record<string, string>) {
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    authorization: `Bearer ${await local.callerToken(who)}`,
  }
  const body = new URLSearchParams(form).toString()
  return handle(endpoint, gatewayRequest({ txn: randomUUID(), headers, body }), gateway)
}

async function tokenOf(who: Caller) {
  const form = { grant_type: 'client_credentials', audience: 'ledger-api' }
  const { json } = await post(on.gateway, oauthToken, who, form)
  return String((json as Record<string, unknown>)['access_token'])
}

describe('revocation on two gateways over one Azurite', () => {
  it('200: revoked at one, inactive at the other with the next request; active until then; one durable intent', async () => {
    const token = await tokenOf('billing-app')
    expect((await post(second, introspect, 'ledger-api', { token })).json).toMatchObject({ active: true })
    expect((await post(on.gateway, revoke, 'billing-app', { token })).status).toBe(200)
    expect((await post(second, introspect, 'ledger-api', { token })).json).toEqual({ active: false })
    expect((await post(on.gateway, introspect, 'ledger-api', { token })).json).toEqual({ active: false })
    const { jti } = decodeJwt(token)
    const intents = (await on.journal()).filter((entry) => 'action' in entry && entry.action === 'token:revoke')
    expect(intents).toMatchObject([{ kind: 'intent', handout: { jti }, decision: { reason: 'holder' } }])
  })

  it('200: ten at the same moment at both: all succeed, one row; nobody is told active afterwards', async () => {
    const token = await tokenOf('billing-app')
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        at % 2
          ? post(second, revoke, 'billing-app', { token })
          : post(at % 4 ? on.gateway : second, introspect, 'ledger-api', { token }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect((await post(on.gateway, introspect, 'ledger-api', { token })).json).toEqual({ active: false })
    const { jti = '', exp = 0 } = decodeJwt(token)
    const hour = new Date(exp * 1_000).toISOString().slice(0, 13).replaceAll(/\D/g, '')
    const rows = []
    for await (const row of on.azure.table('once').list({ partitionKey: `revoked|${hour}` })) rows.push(row)
    expect(rows.length).toBeGreaterThan(0)
    expect(JSON.stringify(rows)).not.toContain(jti)
  })

  it('400 unauthorized_client: a stranger ends nobody’s token', async () => {
    const token = await tokenOf('billing-app')
    const answer = await post(on.gateway, revoke, 'stranger', { token })
    expect(answer).toMatchObject({ status: 400, json: { error: 'unauthorized_client' } })
    expect((await post(second, introspect, 'ledger-api', { token })).json).toMatchObject({ active: true })
  })
})
