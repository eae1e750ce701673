import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { handleRedemption } from '../../../functions/handle-redemption.ts'
import { secret } from '../../../functions/secret.ts'
import type { RunRecord } from '../../../local/logic-apps/run/history.ts'
import { runWorkflow } from '../../../local/logic-apps/run/run-workflow.ts'
import { readSample } from '../../../local/logic-apps/samples.ts'
import { entraId } from '../../support/principal-id.ts'
import { rig } from '../../support/rig.ts'
import { statement } from '../../support/secret-gateway.ts'
import { AUDIENCE, shortRotation, someApi, workflowRig } from '../../support/workflows/rig.ts'

// Issue 7: "the samples run end to end and no value appears in their recorded run history".

const CANARY = 'canary-workflow-51d0c2'
const ROTATED = ['waited', 'unseen', 'looped', 'expiring']
const local = rig()
let on: Awaited<ReturnType<typeof workflowRig>>
let api: Awaited<ReturnType<typeof someApi>>
let apiStatus = 200

const ofRotations = (text: string) =>
  text.replace('"rotation/orders-db-password"', ROTATED.map((name) => `"rotation/${name}"`).join(','))

beforeAll(async () => {
  api = await someApi(() => ({ status: apiStatus, json: { echo: apiStatus === 200 ? 'charged' : 'no' } }))
  on = await workflowRig(local, {
    policies: {
      'get-secret-and-call-api': String,
      'rotate-and-wait': ofRotations,
      'near-expiry-to-rotation': ofRotations,
    },
    documents: [
      ...ROTATED.map(shortRotation),
      statement('deploys-all', 'deploy-app', ['secret-deployer', 'secret-reader'], ['secret/main/*']),
    ],
  })
  for (const name of ['stripe-api-key', ...ROTATED]) {
    const params = { vault: 'main', name }
    const put = await on.on.call(secret, 'deploy-app', { method: 'PUT', params, body: { value: CANARY } })
    expect(put.status).toBeLessThan(300)
  }
}, 60_000)
afterAll(async () => {
  await on.close()
  await api.close()
})

const statuses = ({ actions }: RunRecord) =>
  Object.fromEntries(Object.entries(actions).map(([name, { status }]) => [name, status]))
const currentValue = async (name: string) => {
  const { json } = await on.on.call(secret, 'deploy-app', { params: { vault: 'main', name } })
  return (json as { value: string }).value
}
const seenSince = (from: number) => on.server.seen.slice(from)

describe('get-secret-and-call-api', () => {
  const FILE = 'get-secret-and-call-api/workflow.json'
  const SAMPLE = 'get-secret-and-call-api'
  const parameters = () => ({ ...on.toGateway, item: 'main/stripe-api-key', apiUrl: api.url })

  it('gives the secret to the API, and nothing of it or of a token to the run history (T45)', async () => {
    const tokens: string[] = []
    const worker = on.worker(SAMPLE)
    const token = async (audience: string) => {
      tokens.push(await worker.deps.token(audience))
      return tokens.at(-1) ?? ''
    }
    const record = await on.run(FILE, { ...worker, deps: { ...worker.deps, token } }, { parameters: parameters() })
    expect(record).toMatchObject({ status: 'Succeeded', actions: { Catch: { status: 'Skipped' } } })
    const call = api.seen.at(-1)
    expect(call?.headers).toMatchObject({
      authorization: `Bearer ${CANARY}`,
      'idempotency-key': `${record.name}-Call_api`,
    })
    const history = JSON.stringify(record)
    for (const value of [CANARY, ...tokens]) expect(history.includes(value)).toBe(false)
    expect(tokens).toHaveLength(1)
  })

  it('would show the secret without its secureData: the run history is a real sink', async () => {
    const definition = readSample(FILE) as { actions: { Try: { actions: { Get_secret: object } } } }
    definition.actions.Try.actions.Get_secret = {
      ...definition.actions.Try.actions.Get_secret,
      runtimeConfiguration: undefined,
    }
    const record = await runWorkflow(definition, { parameters: parameters() }, on.worker(SAMPLE).deps)
    expect(JSON.stringify(record)).toContain(CANARY)
  })

  it('asks again after 503 and 429, after what Retry-After says', async () => {
    const worker = on.worker(SAMPLE)
    const from = on.server.seen.length
    on.server.spoil({ status: 503, when: 'before' }, { status: 429, when: 'before', retryAfter: '30' })
    const record = await on.run(FILE, worker, { parameters: parameters() })
    expect(record.status).toBe('Succeeded')
    expect(record.actions['Get_secret']?.retryHistory?.map(({ code }) => code)).toEqual(['503', '429'])
    expect(worker.waits).toEqual([5_000, 30_000])
    expect(seenSince(from).map(({ status }) => status)).toEqual([503, 429, 200])
  })

  it('is caught and not repeated when it is denied', async () => {
    const worker = on.worker('rotate-and-wait')
    const from = on.server.seen.length
    const record = await on.run(FILE, worker, { parameters: parameters() })
    expect(record).toMatchObject({
      status: 'Failed',
      error: { code: 'SecretNotUsed', message: 'The gateway answered 403, the API no answer.' },
    })
    expect(statuses(record)).toMatchObject({ Get_secret: 'Failed', Call_api: 'Skipped', Try: 'Failed' })
    expect(seenSince(from)).toHaveLength(1)
    expect(worker.waits).toEqual([])
  })

  it('is caught when there is no gateway, after the retries', async () => {
    const gone = await someApi(() => ({ status: 200 }))
    await gone.close()
    const worker = on.worker(SAMPLE)
    const record = await on.run(FILE, worker, { parameters: { ...parameters(), gatewayUrl: new URL(gone.url).origin } })
    expect(record).toMatchObject({
      status: 'Failed',
      error: { message: 'The gateway answered no answer, the API no answer.' },
    })
    expect(worker.waits).toHaveLength(4)
  })

  it('says that the API refused, and not with what', async () => {
    apiStatus = 401
    const record = await on.run(FILE, on.worker(SAMPLE), { parameters: parameters() })
    apiStatus = 200
    expect(record.error?.message).toBe('The gateway answered 200, the API 401.')
    expect(JSON.stringify(record).includes(CANARY)).toBe(false)
  })

  it('as a handle: the API redeems it once, and the value never passes', async () => {
    const redeemer = entraId('ledger-api')
    const worker = on.worker(SAMPLE)
    const from = on.server.seen.length
    // The first answer is lost on its way: the same key and the same bytes make no second handle.
    on.server.spoil({ status: 503, when: 'after' })
    const record = await on.run('get-secret-and-call-api/workflow.handle.json', worker, {
      parameters: { ...parameters(), apiAudience: AUDIENCE, redeemer },
    })
    expect(record.status).toBe('Succeeded')
    const [first, second] = seenSince(from)
    expect(second?.body).toBe(first?.body)
    expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key'])
    const { handle: id } = JSON.parse(api.seen.at(-1)?.body ?? '{}')
    const redeem = () => on.on.call(handleRedemption, 'ledger-api', { method: 'POST', params: { id }, body: {} })
    expect(await redeem()).toMatchObject({ status: 200, json: { value: CANARY } })
    expect((await redeem()).status).toBe(410)
    expect(JSON.stringify([record, api.seen.at(-1)?.body]).includes(CANARY)).toBe(false)
  })
})

describe('rotate-and-wait', { timeout: 90_000 }, () => {
  const SAMPLE = 'rotate-and-wait'
  const TIMERS = ['seal', 'rotate']
  const parameters = (name: string) => ({ ...on.toGateway, rotation: name })
  it('polls Location until the rotation is over; the new value is nowhere in the history', async () => {
    const worker = on.worker(SAMPLE, { timers: TIMERS })
    const from = on.server.seen.length
    const record = await on.run('rotate-and-wait/workflow.json', worker, { parameters: parameters('waited') })
    expect(statuses(record)).toMatchObject({ Rotate: 'Succeeded', Is_retired: 'Succeeded' })
    expect(record.status).toBe('Succeeded')
    const [started, ...polls] = seenSince(from)
    expect(started).toMatchObject({ method: 'POST', status: 202 })
    const { id } = (await on.rotationRun('waited')) ?? {}
    expect(new Set(polls.map(({ method, path }) => `${method} ${path}`))).toEqual(
      new Set([`GET /v1/rotations/waited/runs/${id}`]),
    )
    expect(polls.map(({ status }) => status)).toEqual([...polls.slice(1).map(() => 202), 200])
    expect(new Set(worker.waits)).toEqual(new Set([5_000]))
    const value = await currentValue('waited')
    expect(value).not.toBe(CANARY)
    expect(JSON.stringify(record).includes(value)).toBe(false)
  })

  it('fails by its catch where polls come without a token, and the rotation goes on', async () => {
    const worker = on.worker(SAMPLE, { timers: TIMERS, authenticatePolls: false })
    const record = await on.run('rotate-and-wait/workflow.json', worker, { parameters: parameters('unseen') })
    expect(record).toMatchObject({ status: 'Failed', error: { code: 'NotRotated' } })
    expect(record.error?.message).toContain('answered 401')
    const isCurrent = async () => ['current', 'retired'].includes((await on.rotationRun('unseen'))?.state ?? '')
    for (let turns = 0; turns < 10 && !(await isCurrent()); turns++) await worker.deps.wait(5_000)
    expect(await isCurrent()).toBe(true)
  })

  it('as a loop it needs nothing of the engine: the same without tokens on polls', async () => {
    const worker = on.worker(SAMPLE, { timers: TIMERS, authenticatePolls: false })
    const record = await on.run('rotate-and-wait/workflow.loop.json', worker, { parameters: parameters('looped') })
    expect(statuses(record)).toMatchObject({ Until_over: 'Succeeded', Is_retired: 'Succeeded', Catch: 'Skipped' })
    expect(new Set(worker.waits)).toEqual(new Set([60_000]))
    expect(JSON.stringify(record).includes(await currentValue('looped'))).toBe(false)
  })
})

describe('near-expiry-to-rotation', () => {
  const FILE = 'near-expiry-to-rotation/workflow.json'
  const SAMPLE = 'near-expiry-to-rotation'
  const start = (id: string, ObjectName = 'Expiring') => ({
    parameters: {
      ...{ ...on.toGateway, vaultId: '/subscriptions/a/b' },
      ...{ objectName: 'expiring', rotation: 'expiring' },
    },
    trigger: {
      headers: {},
      body: { id, eventType: 'Microsoft.KeyVault.SecretNearExpiry', data: { ObjectType: 'Secret', ObjectName } },
    },
  })

  it('requests one rotation, although answers are lost and the event comes twice', async () => {
    const from = on.server.seen.length
    on.server.spoil({ status: 503, when: 'after' }, { status: 429, when: 'after', retryAfter: '9' })
    const first = await on.run(FILE, on.worker(SAMPLE), start('event-1'))
    const second = await on.run(FILE, on.worker(SAMPLE), start('event-1'))
    expect([first.status, second.status]).toEqual(['Succeeded', 'Succeeded'])
    expect(statuses(second)).toMatchObject({ Request_rotation: 'Succeeded', Catch: 'Skipped' })
    const sent = seenSince(from)
    expect(sent.map(({ status }) => status)).toEqual([503, 429, 202, 202])
    expect(new Set(sent.map(({ headers, body }) => `${headers['idempotency-key']} ${body}`)).size).toBe(1)
  })

  it('leaves a run that is under way alone', async () => {
    const record = await on.run(FILE, on.worker(SAMPLE), start('event-2'))
    expect(record).toMatchObject({
      status: 'Succeeded',
      actions: { Request_rotation: { status: 'Failed', code: '409' } },
    })
    expect(statuses(record)).toMatchObject({ Leave_it: 'Succeeded', Say_what_failed: 'Skipped' })
  })

  it('is not started by another secret', async () => {
    expect(await runWorkflow(readSample(FILE), start('event-3', 'other'), on.worker(SAMPLE).deps)).toBeUndefined()
  })
})
