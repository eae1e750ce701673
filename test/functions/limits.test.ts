import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createAzure } from '../../shared/azure/azure.ts'
import { applyPolicies } from '../../shared/policy/apply.ts'
import { loadDocuments } from '../../shared/policy/load-documents.ts'
import { type HostedGateway, hostGateway } from '../support/hosted-gateway.ts'
import { rig } from '../support/rig.ts'
import { until } from '../support/running.ts'
import { statement } from '../support/secret-gateway.ts'
import type { Caller } from '../support/tenant.ts'

// policy-and-grants.md, "Rate limits per principal (token bucket per instance for protection; exact windows only through the table)".

// Two whole gateways start here; a busy machine needs its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 90_000 })

const local = rig()
const azure = createAzure(local.config())
const gateways: HostedGateway[] = []
const SECRET = '/v1/secrets/main/quota-test'

beforeAll(async () => {
  await local.createStorage()
  await (await local.operatorVault('main')).setSecret('quota-test', 'value')
  const documents = [
    ...(await loadDocuments('local/seed/policies')),
    statement('ledger-exact', 'ledger-api', ['secret-reader'], ['secret/main/quota-*'], {
      obligations: { quota: '50/day' },
    }),
    statement('approver-rate', 'approver', ['secret-reader'], ['secret/main/quota-*'], {
      obligations: { rate: '2/hour', quota: '9/day' },
    }),
    statement('stranger-reads', 'stranger', ['secret-reader'], ['secret/main/quota-*']),
  ]
  await applyPolicies({ table: azure.table('policies'), documents, now: Date.now })
  const environment = {
    ...local.environment,
    SALLYPORT_PRINCIPAL_RATE: '80/hour',
    SALLYPORT_JOURNAL_DEADLINE_MS: '20000',
  }
  gateways.push(...(await Promise.all([hostGateway(environment), hostGateway(environment)])))
  // The first one makes the keys of this storage; until then the other says 503.
  for (const instance of [0, 1]) await until(async () => (await get('stranger', SECRET, instance)).status === 200)
})

afterAll(() => Promise.all(gateways.map((gateway) => gateway.stop())))

async function get(who: Caller, path: string, instance = 0) {
  const headers = { authorization: `Bearer ${await local.callerToken(who)}` }
  const answer = await fetch(`http://127.0.0.1:${gateways[instance]?.port}${path}`, { headers })
  return { status: answer.status, headers: answer.headers, json: (await answer.json()) as Record<string, unknown> }
}

describe('limits over HTTP', () => {
  it('T12: 64 requests at once to two gateways on one storage: exactly the quota of 50 is given, then 429 until it ends', async () => {
    const answers = await Promise.all(Array.from({ length: 64 }, (_, at) => get('ledger-api', SECRET, at % 2)))
    const rows = []
    for await (const row of azure.table('quotas').list({})) if (row['statement'] === 'ledger-exact') rows.push(row)
    // Two rows where midnight (UTC) fell into the test: then each is a window of its own.
    const used = rows.reduce((sum, row) => sum + Number(row['used']), 0)
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(used)
    expect(used).toBe(rows.length === 1 ? 50 : 64)
    expect(new Set(statuses)).toEqual(new Set(rows.length === 1 ? [200, 429] : [200]))
    const refused = answers.find(({ status }) => status === 429)
    if (!refused) return
    expect(refused.json).toMatchObject({ code: 'rate_limited', status: 429 })
    expect(refused.headers.get('ratelimit-policy')).toBe('"quota";q=50;w=86400')
    expect(refused.headers.get('ratelimit')).toMatch(/^"quota";r=0;t=\d+$/)
    expect(refused.headers.get('retry-after')).toBe(refused.headers.get('ratelimit')?.split('t=')[1])
    expect(refused.headers.get('x-sallyport-receipt')).toMatch(/^[0-9a-f]{32};\d+;/)
  })

  it('200 and 429: RateLimit fields on what is given and on what is refused, lists too', async () => {
    const policy = '"rate";q=2;w=3600, "quota";q=9;w=86400'
    const first = await get('approver', SECRET)
    expect([first.status, first.headers.get('ratelimit-policy')]).toEqual([200, policy])
    expect(first.headers.get('ratelimit')).toMatch(/^"rate";r=1;t=\d+, "quota";r=8;t=\d+$/)
    const list = await get('approver', '/v1/secrets?vault=main&prefix=quota-')
    expect([list.status, list.headers.get('ratelimit')]).toEqual([200, expect.stringMatching(/r=0;.*r=7;/)])
    const [third, again] = [
      await get('approver', SECRET),
      await get('approver', '/v1/secrets?vault=main&prefix=quota-'),
    ]
    expect([third.status, third.headers.get('ratelimit')]).toEqual([429, expect.stringMatching(/^"rate";r=0;t=\d+$/)])
    expect([again.status, again.json['code']]).toEqual([429, 'rate_limited'])
    // The rate is each instance's own, the quota is not.
    const other = await get('approver', SECRET, 1)
    expect([other.status, other.headers.get('ratelimit')]).toEqual([200, expect.stringMatching(/r=1;.*r=6;/)])
  })

  it('200: no fields where no limit applies', async () => {
    const { status, headers } = await get('stranger', SECRET)
    expect([status, headers.get('ratelimit'), headers.get('ratelimit-policy')]).toEqual([200, null, null])
  })

  it('429 rate_limited: one principal beyond SALLYPORT_PRINCIPAL_RATE, before anything is done for it; others go on', async () => {
    const answers = []
    for (let n = 0; n < 85; n++) answers.push(await get('deploy-app', '/v1/whoami'))
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(80)
    const refused = answers.at(-1)
    expect(refused?.json).toMatchObject({ code: 'rate_limited' })
    expect(refused?.headers.get('ratelimit')).toMatch(/^"principal";r=0;t=\d+$/)
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await get('orders-app', '/v1/whoami')).status).toBe(200)
  })
})
