import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rotation } from '../../functions/rotation.ts'
import { rotationImpact } from '../../functions/rotation-impact.ts'
import { rotationRun } from '../../functions/rotation-run.ts'
import { rotationRuns } from '../../functions/rotation-runs.ts'
import { rotationSteps } from '../../functions/rotation-steps.ts'
import { rotations } from '../../functions/rotations.ts'
import { SCHEDULES, tick } from '../../functions/schedules.ts'
import { secret } from '../../functions/secret.ts'
import type { GatewayResponse } from '../../shared/http/endpoint.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, seen, statement } from '../support/secret-gateway.ts'

const local = rig()
let on: Awaited<ReturnType<typeof secretGateway>>

const document = (name: string, mode: string) => ({
  ...{ kind: 'rotation', name, secret: `main/${name}`, rotator: 'generate', mode, owner: 'team-test' },
  ...(mode === 'auto' && { every: '30d' }),
  verify: { successes: 1, over: '1s' },
  retire: { lookBack: '1d', deadline: '2s' },
})

beforeAll(async () => {
  on = await secretGateway(local, [
    document('piped', 'manual'),
    document('resting', 'paused'),
    document('timed', 'auto'),
    statement('sees-piped', 'reports-app', ['rotation-viewer'], ['rotation/piped']),
    statement('deploys-all', 'deploy-app', ['secret-deployer', 'secret-reader'], ['secret/main/*']),
  ])
  for (const name of ['piped', 'timed']) {
    const params = { vault: 'main', name }
    expect((await on.call(secret, 'deploy-app', { method: 'PUT', params, body: { value: 'old' } })).status).toBe(201)
  }
}, 60_000)
afterAll(() => on.gateway.close())

type Who = Parameters<typeof on.call>[1]
const bodyOf = ({ json }: GatewayResponse) => json as Record<string, unknown>
const start = (name: string, who: Who = 'platform-engineer', headers = {}) =>
  on.call(rotationRuns, who, { method: 'POST', params: { name }, headers })
const step = (name: string, id: unknown, asked: string, who: Who = 'platform-engineer') =>
  on.call(rotationSteps, who, { method: 'POST', params: { name, id: String(id) }, body: { step: asked } })
const poll = (name: string, id: unknown, who: Who = 'platform-engineer') =>
  on.call(rotationRun, who, { params: { name, id: String(id) } })
const NO_RUN = '0'.repeat(32)

describe('permissions', () => {
  it('403 access_denied: a rotation that is forbidden and one that is not there look the same (T20)', async () => {
    for (const endpoint of [rotation, rotationImpact]) {
      const answers = await Promise.all(
        ['timed', 'no-such'].map((name) => on.call(endpoint, 'reports-app', { params: { name } })),
      )
      expect(answers.map(({ status }) => status)).toEqual([403, 403])
      expect(new Set(answers.map(seen)).size).toBe(1)
    }
    const runs = await Promise.all(['timed', 'no-such'].map((name) => poll(name, NO_RUN, 'reports-app')))
    expect(new Set(runs.map(seen)).size).toBe(1)
    expect(runs[0]?.status).toBe(403)
  })

  it('404 not_found: to one who may see it', async () => {
    expect((await on.call(rotation, 'platform-engineer', { params: { name: 'no-such' } })).status).toBe(404)
    expect((await poll('timed', NO_RUN)).status).toBe(404)
    expect((await start('no-such')).status).toBe(404)
    expect((await step('no-such', NO_RUN, 'set')).status).toBe(404)
  })

  it('403 access_denied: who may see may neither start, drive nor abort', async () => {
    expect((await on.call(rotation, 'reports-app', { params: { name: 'piped' } })).status).toBe(200)
    expect((await start('piped', 'reports-app')).status).toBe(403)
    expect((await step('piped', NO_RUN, 'set', 'reports-app')).status).toBe(403)
    expect((await step('piped', NO_RUN, 'abort', 'reports-app')).status).toBe(403)
  })

  it('200: the list holds what the caller may see', async () => {
    const { value } = bodyOf(await on.call(rotations, 'reports-app')) as { value: { name: string }[] }
    expect(value.map(({ name }) => name)).toEqual(['piped'])
  })
})

describe('a pipeline drives a rotation in mode manual', () => {
  it('202 with Location and Retry-After, one step after the other, and 200 when it is over', async () => {
    const started = await start('piped')
    expect(started.status).toBe(202)
    const { id } = bodyOf(started)
    expect(started.headers).toMatchObject({
      Location: `https://gateway.sallyport.test/v1/rotations/piped/runs/${id}`,
      'Retry-After': '5',
    })
    expect(await poll('piped', id)).toMatchObject({ status: 202, json: { state: 'pending' } })
    expect(await start('piped')).toMatchObject({ status: 409, json: { code: 'conflict' } })
    expect((await step('piped', id, 'finish')).status).toBe(409)
    expect((await step('piped', id, 'resume')).status).toBe(409)
    expect((await step('piped', NO_RUN, 'set')).status).toBe(409)
    for (const [asked, state] of [
      ['set', 'set'],
      ['verify', 'verified'],
      ['finish', 'current'],
      ['retire', 'retired'],
    ] as const) {
      expect(await step('piped', id, asked)).toMatchObject({ status: 200, json: { state } })
    }
    expect(await poll('piped', id)).toMatchObject({ status: 200, json: { state: 'retired', stragglers: [] } })
    const read = bodyOf(await on.call(secret, 'deploy-app', { params: { vault: 'main', name: 'piped' } }))
    expect(read).toMatchObject({ stage: 'current', tags: { 'sallyport-rotation': id } })
    expect(JSON.stringify(await on.journal())).not.toContain(read['value'])
  })

  it('202: the same Idempotency-Key starts one run', async () => {
    const headers = { 'idempotency-key': 'once' }
    const first = bodyOf(await start('piped', 'platform-engineer', headers))
    expect(bodyOf(await start('piped', 'platform-engineer', headers))['id']).toBe(first['id'])
    expect(await step('piped', first['id'], 'abort')).toMatchObject({ status: 200, json: { state: 'aborted' } })
    expect(await poll('piped', first['id'])).toMatchObject({ status: 200, json: { state: 'aborted' } })
  })

  it('409 conflict: a paused rotation does not begin', async () => {
    expect((await start('resting')).status).toBe(409)
  })
})

describe('the timer rotate', () => {
  it('run twice at once drives a started run through once, in a pair of entries each', async () => {
    const { id } = bodyOf(await start('timed'))
    const rotate = SCHEDULES.find(({ name }) => name === 'rotate')
    if (!rotate) throw new Error('no timer')
    await Promise.all([tick(rotate, on.gateway), tick(rotate, on.gateway)])
    const run = bodyOf(await poll('timed', id))
    expect(['current', 'retired']).toContain(run['state'])
    const entries = (await on.journal()).flatMap((entry) => (entry.kind === 'system' ? [entry] : []))
    const timer = entries.filter(({ detail }) => detail?.['timer'] === 'rotate')
    expect(timer.map(({ event }) => event).sort()).toEqual([
      ...['timer.intent', 'timer.intent', 'timer.result', 'timer.result'],
    ])
    const finished = entries.filter(({ event, detail }) => event === 'rotation.intent' && detail?.['step'] === 'finish')
    expect(finished.filter(({ detail }) => detail?.['run'] === id)).toHaveLength(1)
  })
})
