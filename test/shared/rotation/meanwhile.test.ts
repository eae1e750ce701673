import { beforeEach, describe, expect, it } from 'vitest'
import { demandStep } from '../../../shared/rotation/driver.ts'
import { Secret } from '../../../shared/secrets/secret.ts'
import { rotationDocument } from '../../support/rotation.ts'
import { createCalls, createWorld, type World } from '../../support/rotation-memory.ts'

// What people do to document, versions and rows while a run is under way (T23).

const DAY = 86_400_000
const common = {
  ...{ name: 'it', secret: 'main/it', every: '30d' },
  verify: { successes: 2, over: '10s' },
  retire: { lookBack: '1d', deadline: '2d' },
  onFailure: { attempts: 3, backoff: '1m', cap: '2m' },
}
const settings = { host: 'db.example', database: 'd', logins: ['a', 'b'], owner: 'o' }
const fields = { ...common, rotator: 'database', credential: 'admin', settings }
const rotation = rotationDocument(fields)

let world: World

beforeEach(async () => {
  world = await createWorld()
  await world.main.set('other', { value: new Secret('of-others') })
  world.clock.now += 31 * DAY
  // So that a run stays where it is once it is published.
  world.pickUp.stragglers = ['entra:somebody']
})

const runOf = async () => {
  const { run } = await world.states.read('it')
  if (!run) throw new Error('no run')
  return run
}
const drive = (document = rotation) => world.instance().drive(document)
const demand = async (step: 'abort' | 'resume', document = rotation) => {
  const { deps, signal } = world.instance()
  return demandStep(deps, document, { runId: (await runOf()).id, step, signal })
}

describe('a document that is changed while a run is under way', () => {
  const elsewhere = rotationDocument({ ...fields, secret: 'main/other' })

  beforeEach(async () => {
    await drive()
    expect(await runOf()).toMatchObject({ state: 'set' })
    world.clock.now += 61_000
  })

  it.each([
    ['its secret', elsewhere],
    ['its target', rotationDocument({ ...fields, settings: { ...settings, host: 'other.example' } })],
    ['its rotator', rotationDocument({ ...common, rotator: 'generate' })],
  ])('%s: the run is stuck, and nothing is published anywhere', async (_what, changed) => {
    await drive(changed)
    expect(await runOf()).toMatchObject({ state: 'stuck', stuckIn: 'set', reason: 'document_changed' })
    expect(world.published()).toEqual([])
    expect(world.main.all('other')).toHaveLength(1)
  })

  it('goes on when the document is put back and the run is resumed', async () => {
    await drive(elsewhere)
    await demand('resume')
    await drive()
    world.clock.now += 61_000
    await drive()
    expect(await runOf()).toMatchObject({ state: 'current' })
    expect(world.published()).toHaveLength(1)
  })

  it('can be given up: the changed document’s target is asked nothing', async () => {
    await drive(elsewhere)
    expect(await demand('abort', elsewhere)).toMatchObject({ state: 'aborted' })
    expect([...world.target.accepted]).toEqual(['first', 'made-1'])
    const pending = world.gatewayVault.all(`pending-${(await runOf()).id}`)
    expect(pending.some(({ enabled }) => enabled)).toBe(false)
  })

  it('goes on where only its times, its owner or how it is verified are others', async () => {
    const later = { every: '60d', owner: 'team-other', verify: { successes: 1, over: '1s' } }
    await drive(rotationDocument({ ...fields, ...later }))
    expect(await runOf()).toMatchObject({ state: 'current' })
  })
})

describe('an abort while the value is being set', () => {
  it('is told to come again; after the other one has died, takes back what it had added', async () => {
    const calls = createCalls()
    const dying = world.instance({ calls })
    let asked: Promise<unknown> | undefined
    calls.hook = async () => {
      // Just added at the target, and not noted.
      if (!world.target.accepted.has('made-1')) return
      asked ??= demand('abort').catch((error: unknown) => error)
      await asked
      calls.killAt = 0
    }
    await expect(dying.drive(rotation)).rejects.toThrow()
    expect(await asked).toMatchObject({ code: 'conflict', reason: 'rotation_busy' })
    expect([...world.target.accepted]).toEqual(['first', 'made-1'])
    world.clock.now += 61_000
    expect(await demand('abort')).toMatchObject({ state: 'aborted' })
    expect([...world.target.accepted]).toEqual(['first'])
    expect(world.published()).toEqual([])
  })
})

describe('a new version that somebody switched off again', () => {
  const published = async () => {
    await drive()
    world.clock.now += 61_000
    await drive()
    const run = await runOf()
    expect(run.state).toBe('current')
    await world.main.setEnabled('it', run.version ?? '', false)
    world.clock.now += 3 * DAY
    await drive()
  }

  it('is no reason to end the old one, which is current again: the run is stuck', async () => {
    await published()
    expect(await runOf()).toMatchObject({ state: 'stuck', stuckIn: 'current', reason: 'replaced_is_current' })
    expect(world.current()).toBe('first')
    expect(world.target.accepted.has('first')).toBe(true)
    expect(world.events.at(-1)).toMatchObject({ type: 'rotation.stuck' })
  })

  it('is given up by abort: the target forgets it, the old one stays', async () => {
    await published()
    const { version } = await runOf()
    expect(await demand('abort')).toMatchObject({ state: 'aborted' })
    expect([...world.target.accepted]).toEqual(['first'])
    expect(world.current()).toBe('first')
    expect(world.tables.secretState.rows()).toMatchObject([{ current: world.main.all('it')[0]?.version }])
    expect(version).not.toBe(world.main.all('it')[0]?.version)
  })

  it('goes on where it is switched on again and resumed; then nothing is given up', async () => {
    await published()
    await world.main.setEnabled('it', (await runOf()).version ?? '', true)
    await expect(demand('abort')).rejects.toMatchObject({ reason: 'published_is_current' })
    await demand('resume')
    await drive()
    expect(await runOf()).toMatchObject({ state: 'retired' })
    expect(world.current()).toBe('made-1')
    expect([...world.target.accepted]).toEqual(['made-1'])
  })
})

describe('rows and versions that are gone', () => {
  it('without its secretstate row the newest enabled version is current, and the run ends as ever', async () => {
    await drive()
    world.clock.now += 61_000
    await drive()
    for (const { partitionKey, rowKey, etag } of world.tables.secretState.rows())
      await world.tables.secretState.remove(partitionKey, rowKey, etag)
    world.clock.now += 3 * DAY
    await drive()
    expect(await runOf()).toMatchObject({ state: 'retired' })
    expect(world.current()).toBe('made-1')
  })

  it('a clock that goes back by a day neither freezes a run nor publishes twice', async () => {
    await drive()
    world.clock.now -= DAY
    await drive()
    world.clock.now += 61_000
    await drive()
    expect(await runOf()).toMatchObject({ state: 'current' })
    world.clock.now -= DAY
    await drive()
    world.clock.now += 2 * DAY + 61_000
    await drive()
    expect(await runOf()).toMatchObject({ state: 'retired' })
    expect(world.published()).toHaveLength(1)
  })
})
