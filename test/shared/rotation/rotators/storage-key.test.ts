import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTryKey } from '../../../../shared/azure/storage/try-key.ts'
import { demandStep, startRun } from '../../../../shared/rotation/driver.ts'
import { Secret } from '../../../../shared/secrets/secret.ts'
import { cloudRotators, managedToken } from '../../../support/cloud-rotators.ts'
import { httpsCall } from '../../../support/https-call.ts'
import { rig } from '../../../support/rig.ts'
import { directory } from '../../../support/tenant.ts'

const local = rig()
const ACCOUNT = `${local.account}keys`
const GROUP = '/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/rotated'
const PLACE = `${GROUP}/providers/Microsoft.Storage/storageAccounts/${ACCOUNT}`
const ROLE = '81a9662b-bebf-436f-a333-f67b29880f12'
const control = local.cloudControl('keys')
let driver: Awaited<ReturnType<typeof cloudRotators>>
let rotation: ReturnType<typeof driver.document>
let count = 0

type Keys = { keys: { keyName: string; value: string }[] }

/** Both keys as ARM tells them now. */
async function keysNow() {
  const headers = { authorization: `Bearer ${await managedToken(local.environment, 'https://management.azure.com')}` }
  const url = `https://management.azure.com${PLACE}/listKeys?api-version=2024-01-01`
  const { json } = await httpsCall(url, { agent: local.agent, method: 'POST', headers })
  const of = (name: string) => (json as Keys).keys.find(({ keyName }) => keyName === name)?.value ?? ''
  return { key1: of('key1'), key2: of('key2') }
}

const tryKey = createTryKey({ blobSuffix: 'blob.core.windows.net', agent: local.agent, now: Date.now })
const works = (key: string) =>
  tryKey({ name: ACCOUNT, key: new Secret(key), signal: AbortSignal.timeout(20_000) }).then(
    () => true,
    () => false,
  )

beforeAll(async () => {
  driver = await cloudRotators(local)
  const principalId = directory.gatewayIdentity?.objectId ?? ''
  const assignment = { name: crypto.randomUUID(), scope: PLACE, principalId, roleDefinition: ROLE }
  await local.addClouds({ storageAccounts: [PLACE], roleAssignments: [assignment] })
}, 60_000)

beforeEach(async () => {
  await control.clear()
  count += 1
  const name = `files-${count}`
  rotation = driver.document({ name, secret: `main/${name}`, rotator: 'storage-key', settings: { account: PLACE } })
  driver.clock.now = Date.now()
  await driver.main.set(name, { value: new Secret((await keysNow()).key1) })
  driver.nextTurn()
})

const secretName = () => rotation.secret.split('/')[1] ?? ''
const published = () => driver.text(secretName())
const regenerations = async () => (await control.counts())['regenerateKey'] ?? 0
const signal = AbortSignal.timeout(600_000)

describe('rotator storage-key', () => {
  it('publishes the other key made anew, and makes the replaced one anew when everybody has it', async () => {
    const before = await keysNow()
    expect(await driver.driveThrough(rotation)).toMatchObject({ state: 'retired' })
    const after = await keysNow()
    expect(await published()).toBe(after.key2)
    expect([after.key1 === before.key1, after.key2 === before.key2]).toEqual([false, false])
    expect([await works(before.key1), await works(await published())]).toEqual([false, true])
    expect(await regenerations()).toBe(2)

    driver.nextTurn()
    await driver.driveThrough(rotation)
    expect(await published()).toBe((await keysNow()).key1)
  })

  it.each(['create', 'verify', 'retire'] as const)(
    'killed after %s and driven again: each key is made anew once, what is published works throughout (T23)',
    async (call) => {
      driver.die(call)
      await driver.survive(rotation, async () => expect(await works(await published())).toBe(true))
      expect(await regenerations()).toBe(2)
      expect(await driver.main.versions(secretName())).toHaveLength(2)
    },
  )

  it('a regeneration whose answer is lost, or that ARM has no time for, is not done twice', async () => {
    await control.fault({ kind: 'fail', status: 409, operation: 'regenerateKey' })
    await control.fault({ kind: 'lose-answer', operation: 'regenerateKey' })
    const { key1 } = await keysNow()
    const { nextAt } = (await driver.drive(rotation)) as { nextAt: number }
    expect((await driver.states.read(rotation.name)).run).toMatchObject({ reason: 'arm_conflicting_change' })
    expect(await published()).toBe(key1)
    driver.clock.now = nextAt
    await driver.driveThrough(rotation)
    // One that was refused, one whose answer was lost, and the one of the retirement.
    expect(await regenerations()).toBe(3)
  })

  it('a second start or a second event burns no key (AZ template’s double regeneration)', async () => {
    const who = { id: 'a'.repeat(32), by: 'event' }
    await startRun(driver.deps, rotation, who)
    await expect(startRun(driver.deps, rotation, { ...who, id: 'b'.repeat(32) })).rejects.toMatchObject({
      reason: 'run_under_way',
    })
    await Promise.all([driver.drive(rotation), driver.drive(rotation)])
    await driver.driveThrough(rotation)
    for (let event = 0; event < 3; event += 1) await driver.drive(rotation)
    expect(await regenerations()).toBe(2)
  })

  it('never makes the key in use anew, also when somebody has published the other one meanwhile', async () => {
    const before = await keysNow()
    await control.fault({ kind: 'fail', status: 500, operation: 'regenerateKey' })
    await driver.drive(rotation)
    // The run has chosen key2; now a person publishes it.
    await driver.main.set(secretName(), { value: new Secret(before.key2) })
    expect(await driver.driveThrough(rotation)).toMatchObject({ state: 'stuck', reason: 'key_in_use' })
    expect(await keysNow()).toEqual(before)
  })

  it('a connection string goes round with the other key in it', async () => {
    const { key1 } = await keysNow()
    const form = (key: string) =>
      `DefaultEndpointsProtocol=https;AccountName=${ACCOUNT};AccountKey=${key};EndpointSuffix=core.windows.net`
    await driver.main.set(secretName(), { value: new Secret(form(key1)) })
    driver.nextTurn()
    const { settings: _, ...rest } = rotation
    await driver.driveThrough(driver.document({ ...rest, settings: { account: PLACE, form: 'connectionString' } }))
    expect(await published()).toBe(form((await keysNow()).key2))
  })

  it('the replaced key ends also where somebody has switched its version off', async () => {
    const { key1 } = await keysNow()
    const { version } = await driver.main.get(secretName())
    driver.pickUp.stragglers = ['entra:somebody']
    await driver.drive(rotation)
    expect((await driver.states.read(rotation.name)).run).toMatchObject({ state: 'current' })
    expect(await works(key1)).toBe(true)
    driver.pickUp.stragglers = []
    await driver.main.setEnabled(secretName(), version, false)
    await driver.driveThrough(rotation)
    expect(await works(key1)).toBe(false)
  })

  it('throttled or forbidden: waits as asked, or is stuck with what is missing', async () => {
    await control.fault({ kind: 'throttle', retryAfterSeconds: 120, operation: 'listKeys' })
    const at = driver.clock.now
    expect(await driver.drive(rotation)).toMatchObject({ nextAt: at + 120_000 })
    const elsewhere = (account: string) => ({ ...rotation, name: `files-x-${count}`, settings: { account } })
    const foreign = driver.document(elsewhere(PLACE.replace('rotated', 'foreign')))
    expect(await driver.driveThrough(foreign)).toMatchObject({ state: 'stuck', reason: 'arm_not_permitted' })
  })

  it('a new key that the account refuses is not published; the key in use goes on', async () => {
    const { key1 } = await keysNow()
    await control.fault({ kind: 'fail', status: 403, operation: 'blob-properties', times: 3 })
    const run = await driver.driveThrough(rotation)
    expect(run).toMatchObject({ state: 'stuck', stuckIn: 'set', reason: 'storage_not_permitted' })
    expect(await published()).toBe(key1)
    await demandStep(driver.deps, rotation, { runId: run?.id ?? '', step: 'abort', signal })
    expect(await works(key1)).toBe(true)
  })
})
