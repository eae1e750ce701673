import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../shared/errors.ts'
import type { StoredContext } from '../../../shared/grants/access-context.ts'
import { createOpenItems, type OpenItem } from '../../../shared/grants/open-items.ts'
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
  for (const item of [USED, READ]) await createOpenItems({ table: world.table, now: () => START }).add(item)
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

  it('waits for a rotation that is paused, named once, and for a run under way', async () => {
    const world = await emergency()
    for (const reason of ['rotation_paused', 'rotation_paused', 'run_under_way']) {
      world.rotates = () => {
        throw new GatewayError('conflict', reason)
      }
      await world.instance().tick()
    }
    expect(world.noted('breakglass.not_rotated')).toMatchObject([{ why: 'rotation_paused' }])
    world.rotates = () => true
    await world.instance().tick()
    expect(world.runs).toHaveLength(1)
    expect(world.rows('open')).toEqual([])
  })
})
