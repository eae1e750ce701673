import { QueueClient } from '@azure/storage-queue'
import { beforeAll, describe, expect, it } from 'vitest'
import { QUEUES } from '../../../shared/azure/storage-names.ts'
import { type HurryDeps, hurry } from '../../../shared/rotation/hurry.ts'
import type { Rotator } from '../../../shared/rotation/rotator.ts'
import { generate } from '../../../shared/rotation/rotators/generate.ts'
import { Secret } from '../../../shared/secrets/secret.ts'
import { rig } from '../../support/rig.ts'
import { rotationDocument, rotationDriver } from '../../support/rotation.ts'
import { agentPolicy, staticCredential } from '../../support/sdk.ts'

const local = rig()
const VAULT = `${local.account}-main`
const CANARY = 'canary-queue-1f'
let driver: Awaited<ReturnType<typeof rotationDriver>>
let queue: QueueClient
const reports: unknown[] = []

const rotation = (name: string, more = {}) =>
  rotationDocument({ name, secret: `main/${name}`, rotator: 'generate', every: '30d', ...more })
const rotations = [rotation('near'), rotation('twice'), rotation('by-hand', { mode: 'manual' }), rotation('down')]

beforeAll(async () => {
  driver = await rotationDriver(local, () => generate as Rotator)
  const endpoint = `https://${local.account}.queue.core.windows.net/${QUEUES.keyVaultEvents}`
  const credential = staticCredential(await local.operatorToken('https://storage.azure.com'))
  queue = new QueueClient(endpoint, credential, { ...{ additionalPolicies: [agentPolicy(local.agent)] } } as object)
})

const version = async (name: string): Promise<string> => {
  const vault = driver.vaults.get('main')
  return (await vault?.set(name, { value: new Secret('first') }))?.version ?? ''
}

type Sent = {
  name: string
  version: string
  type?: string
  field?: 'type' | 'eventType'
  vault?: string
  encoded?: boolean
}

async function send({ name, version, type = 'SecretNearExpiry', field = 'type', vault = VAULT, encoded }: Sent) {
  const data = {
    Id: 'x',
    VaultName: vault,
    ObjectType: 'Secret',
    ObjectName: name,
    Version: version,
    NBF: null,
    EXP: 1,
  }
  const text = JSON.stringify({ specversion: '1.0', id: '1', source: 's', [field]: `Microsoft.KeyVault.${type}`, data })
  await queue.sendMessage(encoded ? Buffer.from(text).toString('base64') : text)
}

const drain = (more: Partial<HurryDeps> = {}) => {
  const receive = driver.azure.eventQueue(`https://${local.account}.queue.core.windows.net`)
  const report = (event: string, detail: object) => void reports.push({ event, ...detail })
  const deps = { ...driver.deps, receive, report, rotations: () => rotations, ...more }
  return hurry({ ...deps, aliasOf: (name) => (name === VAULT ? 'main' : undefined) }, new AbortController().signal)
}

const runOf = async (name: string) => (await driver.states.read(name)).run
const left = async () => (await queue.getProperties()).approximateMessagesCount

describe('Key Vault events', () => {
  it('start the rotation of a version that is about to expire, in either schema, encoded or not', async () => {
    await send({ name: 'near', version: await version('near'), field: 'eventType', encoded: true })
    expect(await drain()).toEqual({ events: 1, started: 1, dropped: 0 })
    expect(await runOf('near')).toMatchObject({ by: 'event', state: 'pending' })
    expect(await left()).toBe(0)
  })

  it('rotate nothing twice when they come again: at once, on two instances, and after the run', async () => {
    const old = await version('twice')
    for (let times = 0; times < 3; times += 1) await send({ name: 'twice', version: old })
    const [one, other] = await Promise.all([drain(), drain()])
    expect(one.started + other.started).toBe(1)
    const { id } = (await driver.driveThrough(rotations[1] ?? rotation('twice'))) ?? {}
    await send({ name: 'twice', version: old, type: 'SecretExpired' })
    expect((await drain()).started).toBe(0)
    expect((await runOf('twice'))?.id).toBe(id)
    const tagged = (await driver.vaults.get('main')?.versions('twice'))?.filter(
      ({ tags }) => tags['sallyport-rotation'],
    )
    expect(tagged).toHaveLength(1)
  })

  it('start nothing in mode manual, of a vault that has no alias, or of a version that is not current', async () => {
    const first = await version('by-hand')
    await send({ name: 'by-hand', version: first })
    await send({ name: 'near', version: 'a'.repeat(32) })
    await send({ name: 'near', version: first, vault: 'somebody-elses' })
    expect(await drain()).toEqual({ events: 3, started: 0, dropped: 0 })
    expect(await left()).toBe(0)
  })

  it('announce a new version and let the scan look at its rotation', async () => {
    const raised: string[] = []
    await send({ name: 'near', version: 'b'.repeat(32), type: 'SecretNewVersionCreated' })
    await drain({ raise: async (vault, name) => void raised.push(`${vault}/${name}`) })
    expect(raised).toEqual(['main/near'])
    expect((await driver.states.due(driver.clock.now, 10)).map(({ name }) => name)).toContain('near')
  })

  it('drop what is no event, without a word of its text', async () => {
    for (const text of [
      CANARY,
      '{}',
      '[]',
      `{"type":"${CANARY}"}`,
      '{"type":"Microsoft.KeyVault.SecretNearExpiry","data":{"VaultName":"../x"}}',
    ])
      await queue.sendMessage(text)
    expect(await drain()).toEqual({ events: 0, started: 0, dropped: 5 })
    expect(await left()).toBe(0)
    expect(JSON.stringify(reports)).not.toContain(CANARY)
  })

  it('wait when the vault cannot be asked, and are given up when they come too often', async () => {
    const text = JSON.stringify({
      type: 'Microsoft.KeyVault.SecretNearExpiry',
      data: { VaultName: VAULT, ObjectName: 'down', Version: 'c'.repeat(32) },
    })
    const removed: number[] = []
    let batch = [1, 5].map((deliveries) => ({ text, deliveries, remove: async () => void removed.push(deliveries) }))
    const receive = async () => batch.splice(0)
    const broken = { ...driver.deps.vaults.get('main'), get: () => Promise.reject(new (class extends Error {})('no')) }
    const { GatewayError } = await import('../../../shared/errors.ts')
    broken.get = () => Promise.reject(new GatewayError('vault_unavailable', 'vault_unreachable'))
    const done = await drain({ receive, vaults: new Map([['main', broken as never]]) })
    expect(done).toEqual({ events: 2, started: 0, dropped: 1 })
    expect(removed).toEqual([5])
    batch = []
  })
})
