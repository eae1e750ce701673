import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAzure } from '../../shared/azure/azure.ts'
import { applyPolicies } from '../../shared/policy/apply.ts'
import { loadDocuments } from '../../shared/policy/load-documents.ts'
import { sendRequest } from '../local/functions-host/support/send-request.ts'
import { type HostedGateway, hostGateway } from '../support/hosted-gateway.ts'
import { rig } from '../support/rig.ts'
import { until } from '../support/running.ts'

const local = rig()
const vault = local.vaultControl('main')
const azure = createAzure(local.config())
const running: HostedGateway[] = []
let bearer: string

async function start(): Promise<HostedGateway> {
  const hosted = await hostGateway({ ...local.environment, SALLYPORT_JOURNAL_DEADLINE_MS: '20000' })
  running.push(hosted)
  await until(async () => (await sendRequest({ method: 'GET', path: '/healthz' }, hosted.port)).status === 200)
  return hosted
}

const put = ({ port }: HostedGateway, name: string, key: string, value = 'v') =>
  sendRequest(
    {
      method: 'PUT',
      path: `/v1/secrets/main/${name}`,
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({ value }),
    },
    port,
  )

const versionsOf = async (name: string) => azure.vault(`https://${local.account}-main.vault.azure.net`).versions(name)

/** What a minute without a sign of life does to the key, and to the claim on the secret. */
async function aMinuteLater(name: string): Promise<void> {
  const once = azure.table('once')
  for await (const row of once.list({ partitionFrom: 'idem|', partitionBefore: 'idem}' })) {
    if (row['state'] === 'running') await once.replace({ ...row, began: Number(row['began']) - 61_000 }, row.etag)
  }
  const state = azure.table('secretState')
  const claim = await state.get('main', `_claim|${name}`)
  if (claim) await state.remove('main', claim.rowKey, claim.etag)
}

beforeAll(async () => {
  await local.createStorage()
  const documents = await loadDocuments('local/seed/policies')
  await applyPolicies({ table: azure.table('policies'), documents, now: Date.now })
  bearer = await local.callerToken('deploy-app')
  await start()
  await start()
}, 90_000)

afterAll(async () => {
  await Promise.all(running.map((hosted) => hosted.stop()))
})

const [one, other] = [() => running[0] as HostedGateway, () => running[1] as HostedGateway]

describe('the same key at two gateways of one storage (T42)', () => {
  it('40 at once: one version, and every answer tells of it or to wait; then 201 again, of the same version', async () => {
    const key = randomUUID()
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) => put(at % 2 ? one() : other(), 'raced', key)),
    )
    const done = answers.filter(({ status }) => status === 201)
    expect(done.length).toBeGreaterThanOrEqual(1)
    const others = answers.filter(({ status }) => status !== 201)
    expect(others.map(({ status, headers }) => [status, headers['retry-after']])).toEqual(others.map(() => [429, '2']))
    const versions = await versionsOf('raced')
    expect(versions).toHaveLength(1)
    const again = await put(other(), 'raced', key)
    expect(again.status).toBe(201)
    expect(new Set([...done, again].map(({ headers }) => headers['etag']))).toEqual(
      new Set([`"${versions[0]?.version}"`]),
    )
    expect(again.headers['x-sallyport-receipt']).toBeDefined()
  })

  it.each([
    ['before the vault wrote', { kind: 'hang' as const }],
    ['after the vault wrote', { kind: 'delay' as const, delayMs: 700 }],
  ])('killed -9 %s: in_progress for a minute, then one version', async (when, fault) => {
    const name = when.replaceAll(' ', '-')
    const key = randomUUID()
    await vault.clear()
    await vault.fault({ ...fault, operation: 'setSecret', times: 1 })
    const victim = await start()
    const lost = put(victim, name, key).catch(() => undefined)
    await until(async () => ((await vault.counts())['setSecret'] ?? 0) > 0)
    await victim.kill()
    running.splice(running.indexOf(victim), 1)
    await lost
    if (fault.kind === 'delay') await until(async () => (await versionsOf(name)).length === 1)
    const meanwhile = await put(one(), name, key)
    expect(meanwhile.status, meanwhile.body).toBe(429)
    expect(JSON.parse(meanwhile.body).code).toBe('in_progress')
    await aMinuteLater(name)
    const resumed = await put(other(), name, key)
    expect(resumed.status, resumed.body).toBe(201)
    expect((await put(one(), name, key)).headers['etag']).toBe(resumed.headers['etag'])
    const versions = await versionsOf(name)
    expect(versions.map(({ tags }) => Object.keys(tags))).toEqual([['sallyport-op']])
  })

  it('409 idempotency_expired: a repeat after the secret was removed is never written anew', async () => {
    const key = randomUUID()
    await put(one(), 'removed', key)
    const operator = await local.operatorVault('main')
    await (await operator.beginDeleteSecret('removed')).pollUntilDone()
    await operator.purgeDeletedSecret('removed')
    await until(async () => (await operator.getDeletedSecret('removed').catch(() => undefined)) === undefined)
    const again = await put(other(), 'removed', key)
    expect(JSON.parse(again.body)).toMatchObject({ status: 409, code: 'idempotency_expired' })
    expect(await versionsOf('removed')).toEqual([])
  })
})
