import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAzure } from '../../shared/azure/azure.ts'
import { applyPolicies } from '../../shared/policy/apply.ts'
import { loadDocuments } from '../../shared/policy/load-documents.ts'
import { type HostedGateway, hostGateway } from '../support/hosted-gateway.ts'
import { rig } from '../support/rig.ts'
import { until } from '../support/running.ts'

const local = rig()
const hosts: HostedGateway[] = []
let token = ''

const NAME = 'stripe-counted'
const environment = { ...local.environment, SALLYPORT_JOURNAL_DEADLINE_MS: '20000' }

beforeAll(async () => {
  await local.createStorage()
  const documents = await loadDocuments('local/seed/policies')
  await applyPolicies({ table: createAzure(local.config()).table('policies'), documents, now: Date.now })
  const vault = await local.operatorVault('main')
  await vault.setSecret(NAME, 'kept-5c0d')
  token = await local.callerToken('billing-app')
  // One after the other, and the first has answered: both would make the keys.
  for (let at = 0; at < 2; at++) {
    const host = await hostGateway(environment)
    hosts.push(host)
    expect((await read(host.port, token)).status).toBe(200)
  }
}, 120_000)
afterAll(() => Promise.all(hosts.map((host) => host.stop())))

const url = (port: number, path: string) => `http://127.0.0.1:${port}${path}`
const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` })
const read = (port: number, credential: string) =>
  fetch(url(port, `/v1/secrets/main/${NAME}`), { headers: bearer(credential) })
const portOf = (at: number) => (hosts[at % hosts.length] as HostedGateway).port

async function open(maxUses: number) {
  const body = JSON.stringify({ actions: ['secret:get'], resources: [`secret/main/${NAME}`], ttl: '10m', maxUses })
  const headers = { ...bearer(token), 'content-type': 'application/json' }
  const answer = await fetch(url(portOf(0), '/v1/grants'), { method: 'POST', headers, body })
  expect(answer.status).toBe(201)
  return (await answer.json()) as { id: string; credential: string }
}

async function leftOf(id: string): Promise<number> {
  const answer = await fetch(url(portOf(1), `/v1/grants/${id}`), { headers: bearer(token) })
  return ((await answer.json()) as { usesLeft: number }).usesLeft
}

describe('uses over HTTP, two gateway processes on one storage (T12)', () => {
  it('200 exactly 50 times, 403 uses_exhausted 14 times: 64 requests at once', async () => {
    const { id, credential } = await open(50)
    const answers = await Promise.all(Array.from({ length: 64 }, (_, at) => read(portOf(at), credential)))
    const codes = await Promise.all(answers.map(async (answer) => (await answer.json()) as { code?: string }))
    expect(codes.filter(({ code }) => code === undefined)).toHaveLength(50)
    expect(codes.filter(({ code }) => code === 'uses_exhausted')).toHaveLength(14)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(50)
    expect(await leftOf(id)).toBe(0)
  })

  it('200 exactly 150 times of 170 where a counter counts', async () => {
    const { id, credential } = await open(150)
    const answers = await Promise.all(Array.from({ length: 170 }, (_, at) => read(portOf(at), credential)))
    const statuses = answers.map(({ status }) => status)
    expect([
      statuses.filter((status) => status === 200).length,
      statuses.filter((status) => status === 403).length,
    ]).toEqual([150, 20])
    expect(await leftOf(id)).toBe(0)
  })

  it.each([50, 120])('never a use more than %i when a process is killed (kill -9) while it spends', async (maxUses) => {
    const { id, credential } = await open(maxUses)
    const dying = await hostGateway(environment)
    const arrived = Promise.all(
      Array.from({ length: 40 }, () =>
        read(dying.port, credential).then(
          async (answer) => (answer.status === 200 && (await answer.text()) !== '' ? 1 : 0),
          () => 0,
        ),
      ),
    )
    // Killed as soon as a use is durable: some of the forty are spent, hardly any was answered.
    await until(async () => (await leftOf(id)) < maxUses)
    await dying.kill()
    const before = (await arrived).filter((got) => got === 1).length
    const left = await leftOf(id)
    expect(before + left).toBeLessThanOrEqual(maxUses)
    const answers = await Promise.all(Array.from({ length: maxUses }, (_, at) => read(portOf(at), credential)))
    const after = answers.filter(({ status }) => status === 200).length
    expect(after).toBe(left)
    expect(before + after).toBeLessThanOrEqual(maxUses)
  })
})
