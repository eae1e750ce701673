import { describe, expect, it } from 'vitest'
import { StorageError } from '../../../shared/azure/table.ts'
import { GatewayError } from '../../../shared/errors.ts'
import type { StoredContext } from '../../../shared/grants/access-context.ts'
import type { OpenItem } from '../../../shared/grants/open-items.ts'
import { createEventsWorld, type EventsWorld, rotated, START } from '../../support/events.ts'
import { createCalls } from '../../support/rotation-memory.ts'

const USED: OpenItem = {
  ...{ event: 'breakglass.used', grant: 'g1', root: 'entra:t:o', reason: 'outage', ticket: 'INC-1' },
  skipped: ['entra:t:approver'],
}
const READ: OpenItem = { event: 'breakglass.read', grant: 'g1', root: 'entra:t:o', resource: 'secret/main/orders' }

const granted = (state: string, expiresAt: number) => ({ status: { state, expiresAt } }) as StoredContext

async function emergency() {
  const world = createEventsWorld()
  world.grants.set('g1', granted('revoked', START + 60_000))
  await world.subscribe(['breakglass.used', 'secret.rotated'])
  for (const item of [USED, READ]) await world.openItem(item)
  await world.instance().emit(rotated())
  return world
}

/** What everything must have come to, however often it was killed. */
async function settled(world: EventsWorld) {
  for (let turns = 0; turns < 3; turns += 1) {
    world.clock.now += 61_000
    await world.instance().tick()
  }
  for (const partition of ['open', 'outbox', 'delivery', 'parked']) expect(world.rows(partition)).toEqual([])
  expect(world.runs).toEqual(['breakglass|g1|secret/main/orders'])
  const ids = world.received.map(({ event }) => event['id'])
  expect(new Set(ids)).toEqual(new Set(['g1-breakglass.used', 'run-1-rotated']))
  return ids.length
}

describe('killed at every call of a turn', () => {
  it('before it, or after it had come through: all is told at least once under the same id, and rotated once (T23)', async () => {
    const counting = createCalls()
    await (await emergency()).instance({ calls: counting }).tick()
    expect(counting.count).toBeGreaterThan(30)
    const told: number[] = []
    for (let killAt = 1; killAt <= counting.count; killAt += 1) {
      for (const after of [false, true]) {
        const world = await emergency()
        const calls = Object.assign(createCalls(), { killAt, after })
        await world
          .instance({ calls })
          .tick()
          .catch(() => undefined)
        told.push(await settled(world))
      }
    }
    // Twice only where it died between a call and the note of it.
    expect(Math.max(...told)).toBeLessThanOrEqual(4)
    expect(told.filter((count) => count === 2).length).toBeGreaterThan(told.length / 2)
  })
})

describe('what was read in an emergency', () => {
  it('is made new when the grant has ended, not before: it could be read again', async () => {
    const world = await emergency()
    world.grants.set('g1', granted('active', START + 3_600_000))
    await world.instance().tick()
    expect(world.runs).toEqual([])
    expect(world.rows('open')).toHaveLength(1)
    world.clock.now = START + 3_600_000
    await world.instance().tick()
    await world.instance().tick()
    expect(world.runs).toHaveLength(1)
    expect(world.noted('breakglass.rotated')).toEqual([
      { grant: 'g1', secret: 'main/orders', rotation: 'it', run: 'breakglass|g1|secret/main/orders' },
    ])
  })

  it('is named to the operators, once, when nothing makes it new', async () => {
    const world = await emergency()
    world.rotates = () => false
    await world.instance().tick()
    await world.instance().tick()
    const named = { grant: 'g1', secret: 'main/orders', why: 'no_rotation' }
    expect(world.noted('breakglass.not_rotated')).toEqual([named])
    expect(world.lines).toEqual([{ event: 'breakglass.not_rotated', ...named }])
    expect(world.rows('open')).toEqual([])
  })

  it.each([
    ['paused', 'rotation_paused'],
    ['stuck, or waits to retire what it replaced', 'run_under_way'],
    ['kept waiting by its family', 'family_busy'],
  ])('waits for a rotation that is %s, named once, and for another instance', async (_what, reason) => {
    const world = await emergency()
    for (const why of ['rotation_busy', reason, reason]) {
      world.rotates = () => {
        throw new GatewayError('conflict', why)
      }
      await world.instance().tick()
    }
    expect(world.noted('breakglass.not_rotated')).toMatchObject([{ why: reason }])
    world.rotates = () => true
    await world.instance().tick()
    expect(world.runs).toHaveLength(1)
    expect(world.rows('open')).toEqual([])
  })

  it('is named also when its run is begun, but moves by request alone', async () => {
    const world = await emergency()
    world.mode = 'manual'
    await world.instance().tick()
    await world.instance().tick()
    expect(world.runs).toHaveLength(1)
    expect(world.noted('breakglass.not_rotated')).toMatchObject([{ secret: 'main/orders', why: 'mode_manual' }])
    expect(world.rows('open')).toEqual([])
  })

  it('keeps what else grants left from nobody, though there is more of it than a few seconds see to', async () => {
    const world = await emergency()
    world.grants.set('g1', granted('active', START + 3_600_000))
    const { list } = world.table
    world.table.list = async function* (query, options) {
      let seen = 0
      for await (const row of list(query, options)) {
        // A page of a thousand reads, each of whose grants is looked at.
        if (query.partitionKey === 'open' && seen++ > 0 && (options?.deadlineMs ?? Infinity) < 60_000)
          throw new StorageError('timeout')
        yield row
      }
    }
    await world.instance().tick()
    expect(world.received.map(({ event }) => event['id'])).toContain('g1-breakglass.used')
  })

  it('is seen to by one instance, however long it takes', async () => {
    const world = await emergency()
    for (const name of ['b', 'c', 'd']) await world.openItem({ ...READ, resource: `secret/main/${name}` })
    const others: unknown[] = []
    let asking = false
    world.rotates = async () => {
      world.clock.now += 40_000
      if (asking) return true
      asking = true
      others.push(await world.instance().tick())
      asking = false
      return true
    }
    await world.instance().tick()
    expect(others).toEqual(Array(4).fill({ busy: true }))
  })
})
