import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAzure } from '../../shared/azure/azure.ts'
import { applyPolicies } from '../../shared/policy/apply.ts'
import { loadDocuments } from '../../shared/policy/load-documents.ts'
import { sendRequest } from '../local/functions-host/support/send-request.ts'
import { type HostedGateway, hostGateway } from '../support/hosted-gateway.ts'
import { rig } from '../support/rig.ts'
import { until } from '../support/running.ts'
import { statement } from '../support/secret-gateway.ts'

const local = rig()
const running: HostedGateway[] = []
let bearer: string

const VALUE = 'canary-r4ce'
const REDEEMS = 64

const post = (at: number, path: string, body: object) =>
  sendRequest(
    {
      method: 'POST',
      path,
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    },
    (running[at % 2] as HostedGateway).port,
  )

async function makeHandle(): Promise<string> {
  const { status, body } = await post(0, '/v1/handles', { vault: 'main', name: 'raced-key' })
  expect(status, body).toBe(201)
  return JSON.parse(body).id
}

beforeAll(async () => {
  await local.createStorage()
  const makes = statement('makes', 'billing-app', ['secret-user', 'handle-maker'], ['secret/main/raced-*'])
  const documents = [...(await loadDocuments('local/seed/policies')), makes]
  await applyPolicies({ table: createAzure(local.config()).table('policies'), documents, now: Date.now })
  await (await local.operatorVault('main')).setSecret('raced-key', VALUE)
  bearer = await local.callerToken('billing-app')
  for (const _ of [1, 2]) {
    const hosted = await hostGateway({ ...local.environment, SALLYPORT_JOURNAL_DEADLINE_MS: '20000' })
    running.push(hosted)
    await until(async () => (await sendRequest({ method: 'GET', path: '/healthz' }, hosted.port)).status === 200)
  }
}, 90_000)

afterAll(async () => {
  await Promise.all(running.map((hosted) => hosted.stop()))
})

describe('one handle at two gateways of one storage', () => {
  it.each([1, 2, 3])('64 redeem it at once, round %i: one 200 with the value, 63 × 410 handle_redeemed', async () => {
    const id = await makeHandle()
    const answers = await Promise.all(
      Array.from({ length: REDEEMS }, (_, at) => post(at, `/v1/handles/${id}/redeem`, {})),
    )
    const given = answers.filter(({ status }) => status === 200)
    expect(given.map(({ body }) => JSON.parse(body).value)).toEqual([VALUE])
    const others = answers.filter(({ status }) => status !== 200)
    expect(new Set(others.map(({ status, body }) => `${status} ${JSON.parse(body).code}`))).toEqual(
      new Set(['410 handle_redeemed']),
    )
    expect(others.filter(({ body }) => body.includes(VALUE))).toEqual([])
  })

  it('kill -9 of the gateway that is redeeming: the value at most once, and afterwards nobody gets a second', async () => {
    const ids = await Promise.all(Array.from({ length: 24 }, makeHandle))
    const victim = running[0] as HostedGateway
    const first = ids.map((id, at) => post(0, `/v1/handles/${id}/redeem`, {}).then((answer) => ({ at, answer })))
    await Promise.race(first)
    await victim.kill()
    running.splice(0, 1, running[1] as HostedGateway)
    const got = await Promise.all(first)
    const then = await Promise.all(ids.map((id) => post(1, `/v1/handles/${id}/redeem`, {})))
    const times = ids.map((_, at) => [got[at]?.answer, then[at]].filter((answer) => answer?.status === 200).length)
    expect(times.filter((count) => count > 1)).toEqual([])
    expect(got.filter(({ answer }) => answer.status === 200).length).toBeGreaterThan(0)
    expect(then.filter(({ status }) => status !== 200 && status !== 410)).toEqual([])
    running.splice(0, 1)
  })
})
