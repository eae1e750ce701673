import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { secret } from '../../../functions/secret.ts'
import { startRun } from '../../../shared/rotation/driver.ts'
import { ROTATION_TAG } from '../../../shared/rotation/publish.ts'
import type { Rotator } from '../../../shared/rotation/rotator.ts'
import { generate } from '../../../shared/rotation/rotators/generate.ts'
import { Secret } from '../../../shared/secrets/secret.ts'
import { startPostgres, type TestPostgres } from '../../support/postgres.ts'
import { rig } from '../../support/rig.ts'
import { rotationDocument, rotationDriver } from '../../support/rotation.ts'
import { type Hold, type RotationProcess, startRotationProcess } from '../../support/rotation-processes.ts'
import {
  DATABASE_HOST,
  databaseTarget,
  entraTarget,
  storageTarget,
  type Target,
  webhookTarget,
} from '../../support/rotation-targets.ts'
import { until } from '../../support/running.ts'
import { secretGateway, statement } from '../../support/secret-gateway.ts'

// Real processes with the real gateway on one storage: killed with kill -9, at once, frozen and overtaken.

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

/** A lease of the dead ends after a minute: each next process has a clock that is so much later. */
const NEXT_MS = 61_000

const local = rig()
let postgres: TestPostgres
let hook: Awaited<ReturnType<typeof webhookTarget>>
let driver: Awaited<ReturnType<typeof rotationDriver>>
let run: Awaited<ReturnType<typeof secretGateway>>
let targets: Record<string, Target>
let start: () => Promise<RotationProcess>
let later = 0
let [one, other]: RotationProcess[] = []

const nothing: Target = { document: { rotator: 'generate' }, first: 'first', works: async () => true }
const common = {
  ...{ kind: 'rotation', owner: 'team-test', every: '30d', verify: { successes: 1, over: '1s' } },
  ...{ retire: { lookBack: '7d', deadline: '1h' }, onFailure: { attempts: 9, backoff: '1s', cap: '1s' } },
}
const documentOf = (name: string) => ({ ...common, name, secret: `main/${name}`, ...(targets[name]?.document ?? {}) })

beforeAll(async () => {
  postgres = await startPostgres({ tlsOf: local.stateDir })
  hook = await webhookTarget(local)
  targets = {
    ...{ 'race-1': nothing, 'race-2': nothing, 'race-3': nothing, frozen: nothing, generate: nothing },
    manual: { ...nothing, document: { rotator: 'manual' } },
    webhook: hook,
    database: await databaseTarget(postgres),
    'entra-app': await entraTarget(local),
    'storage-key': await storageTarget(local),
  }
  driver = await rotationDriver(local, () => generate as Rotator)
  for (const [name, { first }] of Object.entries(targets)) {
    await driver.vaults.get('main')?.set(name, { value: new Secret(first) })
  }
  const admin = JSON.stringify({ username: 'kill_admin', password: 'admin', host: DATABASE_HOST })
  await driver.gatewayVault.set('ext-kill-admin', { value: new Secret(admin) })
  const documents = Object.keys(targets).map(documentOf)
  const reads = statement('billing-logs-in', 'billing-app', ['secret-reader'], ['secret/main/database'])
  const settings = {
    SALLYPORT_LOCAL_HOSTS: `${local.environment['SALLYPORT_LOCAL_HOSTS']},${DATABASE_HOST}=${postgres.address}`,
    SALLYPORT_CALLBACK_HOSTS: hook.host,
    SALLYPORT_JOURNAL_DEADLINE_MS: '20000',
    SALLYPORT_POLICY_POLL_SECONDS: '1',
  }
  run = await secretGateway(local, [...documents, reads], { settings, now: () => Date.now() + later })
  start = () => startRotationProcess({ ...local.environment, ...settings })
  const first = await Promise.all([start(), start()])
  one = first[0]
  other = first[1]
})

afterAll(async () => {
  hook.close()
  await postgres.stop()
})

const begin = (name: string, turn = 0) => {
  const id = Buffer.from(`${turn}-${name}`.padEnd(16)).toString('hex')
  return startRun(driver.deps, rotationDocument(documentOf(name)), { id, by: 'me' })
}
const runOf = async (name: string) => (await driver.states.read(name)).run
const versions = async (name: string) => (await driver.vaults.get('main')?.versions(name)) ?? []
const published = async (name: string) => (await versions(name)).filter(({ tags }) => tags[ROTATION_TAG] !== undefined)
/** Switches the version with that value off, as a person does. */
async function disable(name: string, value: string) {
  const vault = driver.vaults.get('main')
  for (const { version } of (await versions(name)).filter(({ enabled }) => enabled)) {
    const found = await vault?.get(name, version)
    if (found?.value.within((text) => text === value)) await vault?.setEnabled(name, version, false)
  }
}
const current = async (name: string) => (await driver.vaults.get('main')?.get(name))?.value.within((text) => text) ?? ''

describe('two processes on one storage (T24)', () => {
  it('that tick at once rotate once', async () => {
    const names = ['race-1', 'race-2', 'race-3']
    await Promise.all(names.map(begin))
    let moved = 0
    await until(async () => {
      for (const tick of await Promise.all([one?.tick({ shiftMs: later }), other?.tick({ shiftMs: later })]))
        moved += tick?.moved ?? 0
      return (await Promise.all(names.map(runOf))).every((run) => run?.state === 'current')
    })
    // set, verify and finish of each.
    expect(moved).toBeLessThanOrEqual(9)
    for (const name of names) expect(await published(name)).toHaveLength(1)
  })

  it('one that was frozen mid-step while its lease ran out is refused by the fence, and what the other did stays', async () => {
    await begin('frozen')
    const frozen = await one?.tickUntilFrozen({ shiftMs: later, holds: { frozen: { state: 'set', when: 'freeze' } } })
    later += NEXT_MS
    await until(async () => {
      await other?.tick({ shiftMs: later })
      return (await runOf('frozen'))?.state === 'current'
    })
    const before = await driver.states.read('frozen')
    expect(Object.values((await frozen?.thaw())?.failed ?? {})).toEqual([1])
    expect(await driver.states.read('frozen')).toEqual(before)
    expect(await published('frozen')).toHaveLength(1)
  })
})

type Plan = readonly Hold[]
const STEPS = ['set', 'verified', 'current'] as const
/** Killed when the step is noted. */
const NOTED: Plan = [...STEPS.map((state): Hold => ({ state, when: 'after' })), { state: 'retired', when: 'before' }]
/** Killed when it is done outside, and nobody knows. */
const UNNOTED: Plan = [...STEPS.map((state): Hold => ({ state, when: 'before' })), { state: 'current', when: 'after' }]
const BY_HAND: readonly (Hold | undefined)[] = [undefined, NOTED[2], NOTED[3], undefined]
const ROTATORS = ['generate', 'database', 'entra-app', 'storage-key', 'webhook']

/** As an application does: the value from the gateway, then a login, over and over. */
function logInThroughout() {
  const seen = { username: '', logins: 0, failures: [] as unknown[], over: false }
  const logIn = async () => {
    const answer = await run.call(secret, 'billing-app', { params: { vault: 'main', name: 'database' } })
    const { value } = answer.json as { value: string }
    seen.username = await postgres.logIn(JSON.parse(value))
    seen.logins += 1
  }
  const done = (async () => {
    while (!seen.over) {
      await logIn().catch((error) => seen.failures.push(error))
      await new Promise((turn) => setTimeout(turn, 400))
    }
  })()
  return Object.assign(seen, {
    end: () => {
      seen.over = true
      return done
    },
  })
}

describe('killed with kill -9 after each step of each rotator, and run again by the next process (T23)', () => {
  it.each(process.env['SALLYPORT_TEST_ALL'] ? [0, 1] : [0])(
    'ends the same, with one new version, what is current working all the time; a client that logs in never fails: %i',
    async (turn) => {
      const names = [...ROTATORS, 'manual']
      const planOf = (name: string) =>
        name === 'manual' ? BY_HAND : (ROTATORS.indexOf(name) + turn) % 2 === 0 ? NOTED : UNNOTED
      const old = new Map(await Promise.all(names.map(async (name) => [name, await current(name)] as const)))
      const runs = new Map(await Promise.all(names.map(async (name) => [name, await begin(name, turn)] as const)))
      const ofRun = async (name: string) =>
        (await versions(name)).filter(({ tags }) => tags[ROTATION_TAG] === runs.get(name)?.id)
      const client = logInThroughout()
      const ready = turn === 0 ? [one, other] : []
      for (let round = 0; round < NOTED.length; round += 1) {
        later += NEXT_MS
        const victim = ready.pop() ?? (await start())
        const holds = names.flatMap((name) => {
          const hold = planOf(name)[round]
          return hold ? [[name, hold] as const] : []
        })
        await victim.tickUntilHeld({ shiftMs: later, holds: Object.fromEntries(holds) })
        if (round === 0) await until(async () => (await runOf('manual'))?.memory['made'] !== undefined)
        await victim.kill()
        for (const name of ROTATORS) {
          const told = `${name}, killed ${JSON.stringify(planOf(name)[round])}`
          expect(await targets[name]?.works(await current(name)), told).toBe(true)
          expect((await ofRun(name)).length, told).toBeLessThan(2)
          if (round < 3) expect(await targets[name]?.works(old.get(name) ?? ''), told).toBe(true)
        }
        if (round === 0) await driver.vaults.get('main')?.set('manual', { value: new Secret(`by-hand-${turn}`) })
        // Switched off by hand: its login ends all the same.
        if (round === 2) await disable('database', old.get('database') ?? '')
        // Its reader has picked up: else the retirement would wait for it.
        if (round === 2 && planOf('database') === NOTED)
          await until(async () => client.username === JSON.parse(await current('database')).username)
      }
      await until(async () => client.username === JSON.parse(await current('database')).username)
      await client.end()
      later += NEXT_MS
      await until(async () => {
        await run.gateway.indexUses().catch(() => undefined)
        await run.gateway.rotations.tick().catch(() => undefined)
        return (await Promise.all(names.map(runOf))).every((made) => made?.state === 'retired')
      })
      expect(client.failures).toEqual([])
      expect(client.logins).toBeGreaterThan(5)
      for (const name of names) {
        expect(await runOf(name), name).toMatchObject({ id: runs.get(name)?.id, state: 'retired' })
        const made = (await versions(name)).filter(({ enabled }) => enabled)
        expect(
          made.map(({ tags }) => tags[ROTATION_TAG]),
          name,
        ).toEqual([name === 'manual' ? undefined : runs.get(name)?.id])
        expect(await current(name)).not.toBe(old.get(name))
        expect(await targets[name]?.works(await current(name)), name).toBe(true)
      }
      for (const name of ['database', 'storage-key', 'webhook']) {
        expect(await targets[name]?.works(old.get(name) ?? ''), name).toBe(false)
      }
    },
  )
})
