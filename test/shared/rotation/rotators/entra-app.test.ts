import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { demandStep } from '../../../../shared/rotation/driver.ts'
import { Secret } from '../../../../shared/secrets/secret.ts'
import { application, cloudRotators } from '../../../support/cloud-rotators.ts'
import { rig } from '../../../support/rig.ts'

const local = rig()
let driver: Awaited<ReturnType<typeof cloudRotators>>
let app: Awaited<ReturnType<typeof application>>
let rotation: ReturnType<typeof driver.document>
let count = 0

beforeAll(async () => {
  driver = await cloudRotators(local)
}, 60_000)

beforeEach(async () => {
  app = await application(local)
  count += 1
  const name = `portal-${count}`
  const settings = { tenant: local.tenant, application: app.applicationId, clientId: app.appId }
  rotation = driver.document({ name, secret: `main/${name}`, rotator: 'entra-app', settings })
  driver.clock.now = Date.now()
  await driver.main.set(name, { value: new Secret(app.first) })
  driver.nextTurn()
})

const secretName = () => rotation.secret.split('/')[1] ?? ''
const versions = async () => (await driver.main.versions(secretName())).length
const runOf = async () => (await driver.states.read(rotation.name)).run
const signal = AbortSignal.timeout(600_000)

describe('rotator entra-app', () => {
  it('publishes a secret that works and removes in the next turn what it added in this one, and nobody else’s', async () => {
    expect(await driver.driveThrough(rotation)).toMatchObject({ state: 'retired' })
    const second = await driver.text(secretName())
    expect(await app.works(second)).toBe(true)
    // Made by hand: it is not the gateway's to remove.
    expect(await app.works(app.first)).toBe(true)

    driver.nextTurn()
    expect(await driver.driveThrough(rotation)).toMatchObject({ state: 'retired' })
    const third = await driver.text(secretName())
    expect([await app.works(second), await app.works(third), await app.works(app.first)]).toEqual([false, true, true])
    expect(await app.names()).toHaveLength(2)
  })

  it('leaves what another rotation of the same application added', async () => {
    const other = driver.document({ ...rotation, name: `${rotation.name}-b`, secret: `${rotation.secret}-b` })
    await driver.main.set(`${secretName()}-b`, { value: new Secret('none yet') })
    await driver.driveThrough(other)
    const kept = await driver.text(`${secretName()}-b`)
    for (let turn = 0; turn < 2; turn += 1) {
      driver.nextTurn()
      await driver.driveThrough(rotation)
    }
    expect(await app.works(kept)).toBe(true)
  })

  it.each(['create', 'verify', 'retire'] as const)(
    'killed after %s and driven again: one new secret, one new version, the old one alive until then (T23)',
    async (call) => {
      driver.die(call)
      await driver.survive(rotation, async () => {
        expect(await app.works(await driver.text(secretName()))).toBe(true)
      })
      expect(await versions()).toBe(2)
      expect(await app.names()).toHaveLength(2)
    },
  )

  it('an answer that is lost leaves no second secret', async () => {
    await app.control.fault({ kind: 'lose-answer', operation: 'addPassword' })
    driver.pickUp.stragglers = ['entra:somebody']
    const { nextAt } = (await driver.drive(rotation)) as { nextAt: number }
    driver.clock.now = nextAt
    await driver.drive(rotation)
    expect(await runOf()).toMatchObject({ state: 'current' })
    expect(await app.names()).toHaveLength(2)
    driver.pickUp.stragglers = []
    expect(await driver.driveThrough(rotation)).toMatchObject({ state: 'retired' })
    expect(await app.names()).toHaveLength(2)
  })

  it('waits for a new secret to spread through Entra before it is published (F12)', async () => {
    await local.identityControl.propagation(app.appId, 2)
    const run = await driver.driveThrough(rotation)
    expect(run).toMatchObject({ state: 'retired' })
    expect((run?.publishedAt ?? 0) - (run?.startedAt ?? 0)).toBeGreaterThanOrEqual(180_000)
  })

  it('three failures: stuck, nothing published; abort removes what was added', async () => {
    await local.identityControl.propagation(app.appId, 50)
    const run = await driver.driveThrough(rotation)
    expect(run).toMatchObject({ state: 'stuck', stuckIn: 'set', reason: 'entra_not_authenticated' })
    expect(await versions()).toBe(1)
    expect(await app.names()).toHaveLength(2)
    expect(driver.events.at(-1)).toMatchObject({ type: 'rotation.stuck' })
    await demandStep(driver.deps, rotation, { runId: run?.id ?? '', step: 'abort', signal })
    expect(await app.names()).toEqual(['made by hand'])
    expect(await app.works(app.first)).toBe(true)
  })

  it('gives Graph the time it asks for', async () => {
    await app.control.fault({ kind: 'throttle', retryAfterSeconds: 150 })
    const before = driver.clock.now
    const driven = await driver.drive(rotation)
    expect(driven).toMatchObject({ outcome: 'waits', nextAt: before + 150_000 })
    expect(await runOf()).toMatchObject({ state: 'pending', reason: 'graph_throttled' })
    expect(await driver.driveThrough(rotation)).toMatchObject({ state: 'retired' })
  })

  it('says what is missing where the gateway is no owner, and where the object is another application’s', async () => {
    const foreign = await application(local, { owners: [] })
    const settings = { tenant: local.tenant, application: foreign.applicationId, clientId: foreign.appId }
    const named = { name: `foreign-${count}`, secret: rotation.secret, rotator: 'entra-app' }
    const denied = await driver.driveThrough(driver.document({ ...named, settings }))
    expect(denied).toMatchObject({ state: 'stuck', reason: 'graph_not_permitted' })
    const mixed = { ...named, name: `mixed-${count}`, settings: { ...settings, clientId: app.appId } }
    const refused = await driver.driveThrough(driver.document(mixed))
    expect(refused).toMatchObject({ state: 'stuck', reason: 'application_is_not_client' })
    expect(await foreign.names()).toEqual(['made by hand'])
  })
})
