import { beforeEach, describe, expect, it } from 'vitest'
import type { RotationDocument } from '../../../shared/policy/documents/rotation.ts'
import { createRotateDue, type TickDeps } from '../../../shared/rotation/tick.ts'
import { Secret } from '../../../shared/secrets/secret.ts'
import { rotationDocument } from '../../support/rotation.ts'
import { createCalls, createWorld, type World } from '../../support/rotation-memory.ts'

const DAY = 86_400_000
const fields = { rotator: 'generate', every: '30d', verify: { successes: 1, over: '1s' } }
const named = (name: string) => rotationDocument({ ...fields, name, secret: `main/${name}` })

let world: World
const held = { revision: 1, documents: new Map<string, RotationDocument>() }
const reports: Record<string, unknown>[] = []

beforeEach(async () => {
  world = await createWorld()
  held.revision = 1
  held.documents = new Map(['it', 'other'].map((name) => [name, named(name)]))
  await world.main.set('other', { value: new Secret('first-other') })
  world.clock.now += 31 * DAY
  reports.length = 0
})

const snapshot = (documents = held.documents, revision = held.revision) => ({
  revision,
  rotation: (name: string) => documents.get(name),
  rotations: () => documents.values(),
})

function ticker(changes: Partial<TickDeps> = {}) {
  const { deps } = world.instance()
  return createRotateDue({
    ...{ ...deps, table: world.tables.rotations, policy: () => snapshot(), refreshPolicy: async () => {} },
    report: (_event, detail) => void reports.push(detail),
    ...changes,
  })
}

const signal = new AbortController().signal
const due = () => world.tables.rotations.rows().filter(({ partitionKey }) => partitionKey === '_due')

describe('a tick', () => {
  it('rotates what is due, and looks at nothing that is not', async () => {
    const tick = ticker()
    expect(await tick(signal)).toMatchObject({ due: 2, failed: {}, more: false })
    expect(world.published()).toHaveLength(1)
    world.clock.now += 1_000
    expect(await tick(signal)).toMatchObject({ due: 0, moved: 0 })
  })

  it('run twice at once by two instances rotates once (T24)', async () => {
    await Promise.all([ticker()(signal), ticker()(signal), ticker()(signal)])
    world.clock.now += 61_000
    await Promise.all([ticker()(signal), ticker()(signal)])
    expect(world.published()).toHaveLength(1)
  })

  it('drives once what a process that died left twice in the index, and leaves one row', async () => {
    await ticker()(signal)
    for (const at of [1, 2]) await world.states.schedule('it', world.clock.now - at)
    world.clock.now += 1_000
    expect(await ticker()(signal)).toMatchObject({ due: 1, busy: 0 })
    expect(due().filter(({ rowKey }) => rowKey.endsWith('|it'))).toHaveLength(1)
  })

  it('lets one rotation’s unreadable row harm no other', async () => {
    await world.tables.rotations.insert({ partitionKey: 'other', rowKey: 'state', fence: 1, body: 'nonsense' })
    expect((await ticker()(signal)).failed).toEqual({ rotation_row_unreadable: 1 })
    expect(world.published()).toHaveLength(1)
    expect(due().some(({ rowKey }) => rowKey.endsWith('|other'))).toBe(true)
    expect(reports).toContainEqual({ rotation: 'other', reason: 'rotation_row_unreadable' })
  })

  it('does not forget a rotation that only its own policy does not know yet', async () => {
    await ticker()(signal)
    const one = new Map([['it', named('it')]])
    world.clock.now += 31 * DAY
    let fresh = false
    await ticker({
      policy: () => (fresh ? snapshot() : snapshot(one)),
      refreshPolicy: async () => {
        fresh = true
      },
    })(signal)
    expect(due().some(({ rowKey }) => rowKey.endsWith('|other'))).toBe(true)
  })

  it('forgets the rows of documents that are gone, and finds them when they come back', async () => {
    await ticker()(signal)
    world.clock.now += 31 * DAY
    const all = held.documents
    held.documents = new Map()
    held.revision = 2
    await ticker()(signal)
    expect(due()).toEqual([])
    held.documents = all
    held.revision = 3
    expect((await ticker()(signal)).due).toBe(2)
  })

  it('looks at what changed alone when documents change; at all where it does not know what they were', async () => {
    const tick = ticker()
    await tick(signal)
    held.documents = new Map([...held.documents, ['new', named('new')]])
    held.revision = 2
    world.clock.now += 1_000
    expect(await tick(signal)).toMatchObject({ due: 1 })
    held.documents = new Map([
      ...held.documents,
      ['new', rotationDocument({ ...fields, name: 'new', secret: 'main/new', every: '60d' })],
    ])
    held.revision = 3
    world.clock.now += 1_000
    expect(await tick(signal)).toMatchObject({ due: 1 })
    held.documents.delete('new')
    held.revision = 4
    world.clock.now += 1_000
    expect(await ticker()(signal)).toMatchObject({ due: 2 })
    // All of them are looked at once a day, however often the documents change.
    world.clock.now += DAY
    expect(await tick(signal)).toMatchObject({ due: 2 })
  })

  it('costs what is due: as many calls with 200 rotations as with two', async () => {
    const counted = async (more: number) => {
      world = await createWorld()
      await world.main.set('other', { value: new Secret('first-other') })
      world.clock.now += 31 * DAY
      const idle = Array.from({ length: more }, (_, at) =>
        rotationDocument({ ...fields, name: `idle-${at}`, secret: `main/idle-${at}`, every: '3650d' }),
      )
      held.documents = new Map([...['it', 'other'].map((name) => named(name)), ...idle].map((one) => [one.name, one]))
      held.revision += 1
      const calls = createCalls()
      const { deps } = world.instance({ calls })
      const tick = createRotateDue({
        ...deps,
        table: world.tables.rotations,
        policy: () => snapshot(),
        refreshPolicy: async () => {},
      })
      await tick(signal)
      const before = calls.count
      world.clock.now += 31 * DAY
      // Once a day all are looked at; then comes the tick that counts.
      await tick(signal)
      const looked = calls.count
      world.clock.now += 60_000
      await tick(signal)
      return { all: looked - before, one: calls.count - looked }
    }
    const few = await counted(0)
    const many = await counted(200)
    expect(many.one).toBe(few.one)
    expect(many.all).toBeGreaterThan(10 * few.all)
  })

  it('finds within a day what a wrong clock, or a lost row, hid', async () => {
    const tick = ticker()
    await tick(signal)
    for (const { partitionKey, rowKey, etag } of due()) await world.tables.rotations.remove(partitionKey, rowKey, etag)
    world.clock.now += DAY
    expect((await tick(signal)).due).toBe(2)
  })

  it('looks at everything when the clock was set back', async () => {
    const right = world.clock.now
    world.clock.now = right + 3_650 * DAY
    await ticker()(signal)
    world.clock.now = right
    expect((await ticker()(signal)).due).toBe(2)
  })

  it('stops when time is up, says so, and the next one goes on', async () => {
    expect(await ticker()(AbortSignal.abort())).toMatchObject({ due: 0, more: true })
    expect(await ticker()(signal)).toMatchObject({ due: 2, more: false })
  })
})
