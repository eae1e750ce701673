import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { policyProbes } from '../../functions/policy-probes.ts'
import { SCHEDULES, tick } from '../../functions/schedules.ts'
import { secret } from '../../functions/secret.ts'
import { whoami } from '../../functions/whoami.ts'
import { freePort } from '../../local/free-port.ts'
import type { SystemEntry } from '../../shared/audit/entry.ts'
import { createGateway, type Gateway } from '../../shared/gateway.ts'
import { applyPolicies } from '../../shared/policy/apply.ts'
import { loadDocuments } from '../../shared/policy/load-documents.ts'
import { createProbeTokens } from '../../shared/probes/probe-token.ts'
import { createKeyRing } from '../../shared/tokens/keys/key-ring.ts'
import { type HostedGateway, hostGateway } from '../support/hosted-gateway.ts'
import { rig } from '../support/rig.ts'
import { until } from '../support/running.ts'
import { secretGateway, statement } from '../support/secret-gateway.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 90_000 })

const local = rig()
let on: Awaited<ReturnType<typeof secretGateway>>
let host: HostedGateway
/** The instance whose timer asks the hosted one. */
let timer: Gateway
const lines: Record<string, unknown>[] = []

beforeAll(async () => {
  on = await secretGateway(local)
  await on.gateway.tokens.jwks()
  const port = await freePort(0)
  const door = { SALLYPORT_FRONT_DOOR: `http://127.0.0.1:${port}` }
  host = await hostGateway({ ...local.environment, ...door }, port)
  timer = createGateway(local.config({ ...door, SALLYPORT_JOURNAL_DEADLINE_MS: '20000' }), {
    log: (line) => lines.push(line),
  })
})
afterAll(async () => {
  await timer?.close()
  await host?.stop()
  await on?.gateway.close()
})

const signer = () => {
  const keys = createKeyRing({
    ...{ keys: on.azure.table('keys'), leases: on.azure.table('leases'), now: Date.now, report: () => {} },
    vault: on.azure.vault(local.config().gatewayVault),
  })
  return createProbeTokens({ keys, issuer: local.config().issuer, now: Date.now })
}
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const failures = () => lines.filter(({ event }) => event === 'probe.failed')
const SEEDED = { cases: 2 + 11, failed: 0, skipped: 0 }

describe('the timer probe', () => {
  it('proves every case of the set through the front door, and that the door is shut', async () => {
    expect(await timer.probes.run()).toMatchObject({ ...SEEDED, held: SEEDED.cases, probes: 3 })
    expect(failures()).toEqual([])
  })

  it('leaves a pair of entries in the journal, and no decision under the name of those it describes', async () => {
    const probe = SCHEDULES.find(({ name }) => name === 'probe')
    if (!probe) throw new Error('no timer')
    const before = (await on.journal()).filter((entry) => 'action' in entry).length
    await tick(probe, timer)
    const entries = await on.journal()
    expect(entries.filter((entry) => 'action' in entry)).toHaveLength(before)
    const own = entries.filter(
      (entry): entry is SystemEntry => entry.kind === 'system' && entry.detail['timer'] === 'probe',
    )
    expect(own.map(({ event }) => event).sort()).toEqual(['timer.intent', 'timer.result'])
    expect(own.find(({ event }) => event === 'timer.result')?.detail).toMatchObject({ outcome: 'ok', ...SEEDED })
  })

  it('alarms probe.failed for what must be denied and is allowed, and the other way round', async () => {
    const documents = await loadDocuments('local/seed/policies')
    const widened = statement('widened', 'stranger', ['secret-reader'], ['secret/main/*'])
    const narrowed = statement('narrowed', 'billing-app', ['secret-reader'], ['secret/main/stripe-*'], {
      effect: 'forbid',
    })
    const apply = (all: unknown[]) =>
      applyPolicies({ table: on.azure.table('policies'), documents: all, now: Date.now })
    const { revision } = await apply([...documents, widened, narrowed])
    // Both look at storage every five seconds; the test looks at once.
    await timer.policy.refresh()
    await until(async () => (await hostedRevision()) === revision)
    lines.length = 0
    expect(await timer.probes.run()).toMatchObject({ revision, failed: 3, skipped: 0 })
    expect(
      failures()
        .map(({ probe, case: at, must, reason, level }) => [probe, at, must, reason, level])
        .sort(),
    ).toEqual([
      ['payments-go-on', 0, 'allow', 'forbidden', 'warn'],
      ['strangers-get-nothing', 0, 'deny', 'permitted', 'warn'],
      ['strangers-get-nothing', 1, 'deny', 'permitted', 'warn'],
    ])
    await apply(documents)
    await timer.policy.refresh()
  })

  it('takes no answer of another revision for a proof, and none at all for a failure', async () => {
    lines.length = 0
    const behind = await timer.probes.run()
    expect(behind.failed).toBe(0)
    expect(behind.held + behind.skipped).toBe(behind.cases)
    await host.stop()
    const alone = await timer.probes.run()
    expect(alone).toMatchObject({ held: 0, failed: alone.cases })
    expect(failures()[0]).toMatchObject({ probe: 'door-no-credential', reason: 'no_answer' })
  })
})

/** Which set the hosted instance has. */
async function hostedRevision(): Promise<unknown> {
  const url = `http://127.0.0.1:${host.port}/v1/policy-probes/payments-go-on`
  const answer = await fetch(url, bearer(await signer()('payments-go-on')))
  return ((await answer.json()) as { revision?: number }).revision
}

describe('a probe token (docs/adr/0007)', () => {
  it('opens its own probe for a minute', async () => {
    const answer = await on.call(policyProbes, undefined, {
      params: { name: 'payments-go-on' },
      ...bearer(await signer()('payments-go-on')),
    })
    expect(answer).toMatchObject({ status: 200, json: { probe: 'payments-go-on', cases: [{ must: 'allow' }, {}, {}] } })
  })

  it('401 invalid_token: for another probe, anywhere else, or signed by nobody', async () => {
    const token = await signer()('payments-go-on')
    const [header, payload] = token.split('.')
    const elsewhere = [
      await on.call(policyProbes, undefined, { params: { name: 'duties-stay-apart' }, ...bearer(token) }),
      await on.call(whoami, undefined, bearer(token)),
      await on.call(secret, undefined, { params: { vault: 'main', name: 'stripe-api-key' }, ...bearer(token) }),
      await on.call(policyProbes, undefined, {
        params: { name: 'payments-go-on' },
        ...bearer(`${header}.${payload}.${'A'.repeat(86)}`),
      }),
    ]
    expect(elsewhere.map(({ status }) => status)).toEqual([401, 401, 401, 401])
  })

  it('is not needed by an operator: 200 with policy:explain, 403 without, 404 for no probe', async () => {
    const ask = async (who: 'security-officer' | 'orders-app', name: string) =>
      (await on.call(policyProbes, who, { params: { name } })).status
    expect(await ask('security-officer', 'payments-go-on')).toBe(200)
    expect(await ask('orders-app', 'payments-go-on')).toBe(403)
    expect(await ask('security-officer', 'none')).toBe(404)
  })
})
