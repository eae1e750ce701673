import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ENDPOINTS } from '../../functions/endpoints.ts'
import { SCHEDULES, tick } from '../../functions/schedules.ts'
import type { SystemEntry } from '../../shared/audit/entry.ts'
import type { StoredRow } from '../../shared/azure/table.ts'
import { GatewayError } from '../../shared/errors.ts'
import type { Gateway } from '../../shared/gateway.ts'
import { KEY_LIFE } from '../../shared/tokens/keys/rotation/plan-rotation.ts'
import { type HostedGateway, hostGateway } from '../support/hosted-gateway.ts'
import { rig } from '../support/rig.ts'
import { until } from '../support/running.ts'
import { secretGateway } from '../support/secret-gateway.ts'

// A whole gateway starts here; a busy machine needs its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 90_000 })

const local = rig()
let on: Awaited<ReturnType<typeof secretGateway>>
let host: HostedGateway

beforeAll(async () => {
  on = await secretGateway(local)
  await on.gateway.tokens.jwks()
  host = await hostGateway(local.environment)
})
afterAll(async () => {
  await host?.stop()
  await on?.gateway.close()
})

async function rows(): Promise<StoredRow[]> {
  const found: StoredRow[] = []
  for await (const row of on.azure.table('keys').list({ partitionKey: 'keys', rowFrom: 'signing|' })) found.push(row)
  return found.filter(({ rowKey }) => rowKey.startsWith('signing|'))
}

/** As if so much time had passed over every signing key. */
async function age(ms: number): Promise<void> {
  const since = new Date(Date.now() - ms).toISOString()
  for (const { etag, ...row } of await rows()) await on.azure.table('keys').replace({ ...row, since }, etag)
}

const states = async () => (await rows()).map(({ state }) => String(state)).sort()

const rotations = async () =>
  (await on.journal()).filter(
    (entry): entry is SystemEntry => entry.kind === 'system' && entry.event === 'keys.rotation',
  )

const invoke = (name: string) =>
  fetch(`http://127.0.0.1:${host.port}/admin/functions/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })

describe('timers', () => {
  it('202: an operator runs one by the admin API of the host; it is journaled before and after', async () => {
    await age(KEY_LIFE.activeMs - 60_000)
    expect((await invoke('keys')).status).toBe(202)
    await until(async () => (await states()).length === 4)
    expect(await states()).toEqual(['active', 'active', 'prepared', 'prepared'])
    await until(async () => (await rotations()).length === 2)
    const phases = (await rotations()).map(({ detail }) => detail['phase'])
    expect(phases.sort()).toEqual(['intent', 'result'])
    expect(new Set((await rotations()).map(({ detail }) => detail['txn'])).size).toBe(1)
  })

  it('two more at once, on two instances, find nothing to do and write nothing', async () => {
    const [keys] = SCHEDULES
    if (!keys) throw new Error('no timer')
    await Promise.all([invoke('keys'), tick(keys, on.gateway), tick(keys, on.gateway)])
    expect(await states()).toEqual(['active', 'active', 'prepared', 'prepared'])
    expect(await rotations()).toHaveLength(2)
  })

  it('what fails is logged by its tag and fails the invocation, without the error’s own text (T18)', async () => {
    const lines: object[] = []
    const note = async () => undefined
    const gateway = { note, log: (line: object) => lines.push(line) } as unknown as Gateway
    const failing = (error: Error) => ({ name: 'keys', cron: () => '0 0 0 1 1 *', run: () => Promise.reject(error) })
    const down = new GatewayError('vault_unavailable', 'vault_throttled')
    await expect(tick(failing(down), gateway)).rejects.toThrow('timer keys failed: vault_throttled')
    await expect(tick(failing(new Error('hunter2')), gateway)).rejects.toThrow('timer keys failed: unexpected_error')
    expect(lines).toMatchObject([{ reason: 'vault_throttled' }, { event: 'timer.failed', reason: 'unexpected_error' }])
    expect(JSON.stringify(lines)).not.toContain('hunter2')
  })

  it('have names that no endpoint has, and a schedule that the host takes', () => {
    const crons = Object.fromEntries(SCHEDULES.map(({ name, cron }) => [name, cron(local.config())]))
    expect(crons).toMatchObject({ keys: '0 */5 * * * *', rotate: '0 * * * * *', seal: '0 * * * * *' })
    const endpoints = new Set(ENDPOINTS.map(({ name }) => name))
    for (const [name, cron] of Object.entries(crons)) {
      expect(endpoints.has(name)).toBe(false)
      expect(cron.split(' ')).toHaveLength(6)
    }
  })

  it('leave a pair in the journal and one line in the log that say what they did', async () => {
    const seal = SCHEDULES.find(({ name }) => name === 'seal')
    if (!seal) throw new Error('no timer')
    const lines: object[] = []
    const inAzure = { ...on.gateway, config: { ...on.gateway.config, mode: 'azure' as const } }
    await tick(seal, { ...inAzure, log: (line) => lines.push(line) })
    const system = (await on.journal()).filter((entry): entry is SystemEntry => entry.kind === 'system')
    const pair = system
      .filter(({ detail }) => detail['timer'] === 'seal')
      .map(({ event, detail }) => ({ event, ...detail }))
    // The host's own timer may have ticked meanwhile.
    expect(pair).toContainEqual(expect.objectContaining({ event: 'timer.intent' }))
    expect(pair).toContainEqual(
      expect.objectContaining({ event: 'timer.result', outcome: 'ok', entries: expect.any(Number) }),
    )
    expect(lines).toMatchObject([{ event: 'timer.done', timer: 'seal', entries: expect.any(Number) }])
  })
})
