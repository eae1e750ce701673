import { beforeEach, describe, expect, it } from 'vitest'
import { CallbackFault } from '../../../shared/callbacks/callback-fault.ts'
import { MAX_ATTEMPTS } from '../../../shared/events/retry.ts'
import {
  createEventsWorld,
  type EventsWorld,
  incoming,
  MAX_SECONDS,
  rotated,
  SIGNATURE,
  urlOf,
} from '../../support/events.ts'

let world: EventsWorld
beforeEach(() => {
  world = createEventsWorld()
})

const tick = () => world.instance().tick()
const ids = () => world.received.map(({ event }) => event['id'])

describe('a receiver that does not take it', () => {
  it(`is asked ${MAX_ATTEMPTS} times, later and later, then the event is parked: row, journal and log say so`, async () => {
    world.maxSeconds = 100 * MAX_SECONDS
    await world.subscribe(['secret.rotated'])
    await world.instance().emit(rotated())
    world.answer = async () => incoming(500)
    const waits: number[] = []
    for (let turns = 0; turns < 2 * MAX_ATTEMPTS && world.rows('parked').length === 0; turns += 1) {
      await tick()
      waits.push(world.clock.now)
      const [next] = world.rows('delivery')
      world.clock.now = Date.parse(String(next?.['notBefore']))
    }
    expect(world.received).toHaveLength(MAX_ATTEMPTS)
    const gaps = waits.slice(1).map((at, index) => (at - (waits[index] ?? 0)) / 1_000)
    expect(gaps).toEqual([30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600, 3_600])
    expect(new Set(ids())).toEqual(new Set(['run-1-rotated']))
    expect(world.rows('parked')).toMatchObject([{ reason: 'answered_500', attempts: MAX_ATTEMPTS }])
    expect(world.noted('event.parked')).toMatchObject([
      { id: 'run-1-rotated', type: 'secret.rotated', host: 'hooks.example.com', reason: 'answered_500' },
    ])
    expect(world.lines).toMatchObject([{ event: 'event.parked' }])
  })

  it.each([
    ['120', 120_000],
    ['Thu, 26 Nov 2026 09:10:00 GMT', 600_000],
    ['soon', 30_000],
  ])('is left alone as long as it asks: Retry-After %s', async (header, ms) => {
    await world.subscribe(['secret.rotated'])
    await world.instance().emit(rotated())
    world.answer = async () => incoming(429, { 'retry-after': header })
    await tick()
    world.clock.now += ms - 1
    await tick()
    expect(world.received).toHaveLength(1)
    world.clock.now += 1
    await tick()
    expect(world.received).toHaveLength(2)
  })

  it('410: is called no more; subscribing again sends what was parked', async () => {
    const { subscription } = await world.subscribe(['secret.rotated'])
    await world.instance().emit(rotated())
    await world.instance().emit(rotated('run-2-rotated'))
    world.answer = async () => incoming(410)
    await tick()
    await world.instance().emit(rotated('run-3-rotated'))
    world.clock.now += 600_000
    await tick()
    expect(world.received).toHaveLength(1)
    expect(world.rows('subscriber')).toMatchObject([{ rowKey: subscription.id, parked: 'answered_410' }])
    expect(world.rows('parked')).toHaveLength(2)
    expect(world.noted('subscription.parked')).toMatchObject([{ subscription: subscription.id }])
    world.answer = async () => incoming(200)
    expect((await world.subscribe(['secret.rotated'])).subscription.id).toBe(subscription.id)
    expect(await tick()).toMatchObject({ sent: 2 })
    expect(ids().slice(1).sort()).toEqual(['run-1-rotated', 'run-2-rotated'])
    expect(world.rows('parked')).toEqual([])
  })

  it('holds up nobody else when it is slow, and is asked one thing a turn', async () => {
    await world.subscribe(['secret.rotated'], {}, 'slow')
    await world.subscribe(['secret.rotated'], {}, 'quick')
    for (const run of ['1', '2', '3']) await world.instance().emit(rotated(`run-${run}-rotated`))
    world.answer = async (url) => {
      if (url === urlOf('slow')) throw new CallbackFault('callback_timeout')
      return incoming(204)
    }
    expect(await tick()).toMatchObject({ sent: 3, slow: 1 })
    expect(world.received.filter(({ url }) => url === urlOf('slow'))).toHaveLength(1)
  })

  it('is not called when its host has left the list, and when its URL was switched off in the vault', async () => {
    await world.subscribe(['secret.rotated'])
    await world.instance().emit(rotated())
    world.answer = async () => Promise.reject(new CallbackFault('callback_not_allowed'))
    await tick()
    expect(world.rows('subscriber')).toMatchObject([{ parked: 'callback_not_allowed' }])
    const { subscription } = await world.subscribe(['secret.rotated'])
    await world.vault.setEnabled(`callback-${subscription.id}`, subscription.callback, false)
    await tick()
    expect(world.rows('subscriber')).toMatchObject([{ parked: 'callback_lost' }])
    world.answer = async () => incoming(204)
    await world.subscribe(['secret.rotated'])
    expect(await tick()).toMatchObject({ sent: 1 })
  })
})

it('the callback URL is in no row, entry or line, whatever became of the call (T18)', async () => {
  await world.subscribe(['secret.rotated'])
  for (const status of [500, 302, 410]) {
    world.answer = async () => incoming(status, { location: urlOf('a') })
    await world.instance().emit(rotated(`run-${status}-rotated`))
    await tick()
  }
  const written = JSON.stringify([world.table.rows(), world.leases.rows(), world.entries, world.lines])
  expect(written).toContain('hooks.example.com')
  expect(written).not.toContain(SIGNATURE)
  expect(written).not.toContain('https://hooks')
})
