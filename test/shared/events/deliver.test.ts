import { beforeEach, describe, expect, it } from 'vitest'
import { StorageError } from '../../../shared/azure/table.ts'
import { CallbackFault } from '../../../shared/callbacks/callback-fault.ts'
import { GatewayError } from '../../../shared/errors.ts'
import { MAX_ATTEMPTS } from '../../../shared/events/retry.ts'
import { createOpenItems } from '../../../shared/grants/open-items.ts'
import {
  createEventsWorld,
  type EventsWorld,
  incoming,
  MAX_SECONDS,
  rotated,
  SIGNATURE,
  START,
  urlOf,
} from '../../support/events.ts'

let world: EventsWorld
beforeEach(() => {
  world = createEventsWorld()
})

const tick = () => world.instance().tick()
const ids = () => world.received.map(({ event }) => event['id'])
const denials = () => world.entries.flatMap((entry) => (entry.kind === 'denial' ? [entry.refusal ?? ''] : []))

describe('an event', () => {
  it('goes once to each who wants its kind, as a signed CloudEvent, and to nobody when it is emitted again', async () => {
    await world.subscribe(['secret.rotated'], {}, 'a')
    await world.subscribe(['secret.rotated', 'review.ready'], { id: 'entra:t:other' }, 'b')
    await world.subscribe(['review.ready'], {}, 'c')
    await world.instance().emit(rotated())
    await world.instance().emit(rotated())
    expect(await tick()).toMatchObject({ events: 1, waiting: 2, sent: 2 })
    await world.instance().emit(rotated())
    expect(await tick()).toEqual({ open: 0, events: 0, waiting: 0 })
    expect(world.received.map(({ url }) => url).sort()).toEqual([urlOf('a'), urlOf('b')])
    expect(world.received[0]?.event).toEqual({
      ...{ specversion: '1.0', id: 'run-1-rotated', source: 'https://gateway.test', type: 'secret.rotated' },
      ...{ subject: 'rotation/orders', time: '2026-11-26T09:00:00.000Z', datacontenttype: 'application/json' },
      data: { rotation: 'orders', secret: 'main/orders', run: 'run-1', version: 'v1' },
    })
    expect(world.received[0]?.headers).toMatchObject({
      'content-type': 'application/cloudevents+json; charset=utf-8',
      'sallyport-signature': expect.stringMatching(/^signed /),
    })
    const said = world.entries.filter(({ kind }) => kind === 'intent').at(-1)
    expect(said).toMatchObject({ action: 'rotation:read', resource: 'rotation/orders' })
  })

  it('goes out once though three instances have it at once (T24)', async () => {
    await world.subscribe(['secret.rotated'])
    await world.instance().emit(rotated())
    await Promise.all([tick(), tick(), tick()])
    expect(ids()).toEqual(['run-1-rotated'])
  })

  it.each(['before it claims the delivery', 'in its call'])(
    'goes out once though an instance is stalled %s until its lease has gone',
    async (where) => {
      await world.subscribe(['secret.rotated'])
      await world.instance().emit(rotated())
      const { replace } = world.table
      let stalled = false
      const overtaken = async () => {
        if (stalled) return
        stalled = true
        for (const { partitionKey, rowKey, etag } of world.leases.rows())
          await world.leases.remove(partitionKey, rowKey, etag)
        await tick()
      }
      if (where === 'in its call') {
        world.answer = async () => {
          await overtaken()
          return incoming(204)
        }
      } else {
        world.table.replace = async (row, etag) => {
          if (row.partitionKey === 'delivery') await overtaken()
          return replace(row, etag)
        }
      }
      await tick()
      await tick()
      expect(stalled).toBe(true)
      expect(ids()).toEqual(['run-1-rotated'])
    },
  )

  it('goes out to nobody before it stands in every line: who began again would tell it twice', async () => {
    await world.subscribe(['secret.rotated'], {}, 'a')
    await world.subscribe(['secret.rotated'], {}, 'b')
    await world.instance().emit(rotated())
    const { insert } = world.table
    let left = 1
    world.table.insert = async (row) => {
      if (row.partitionKey === 'delivery' && left-- === 0) throw new StorageError('timeout')
      return insert(row)
    }
    await expect(tick()).rejects.toMatchObject({ reason: 'timeout' })
    expect(world.received).toEqual([])
    await tick()
    expect(world.received.map(({ url }) => url).sort()).toEqual([urlOf('a'), urlOf('b')])
  })
})

describe('a subscriber is decided again at each delivery', () => {
  it('and hears nothing when policy has taken its permit, which is recorded', async () => {
    await world.subscribe(['secret.rotated'])
    world.permits = ({ action }) => action === 'subscription:write'
    await world.instance().emit(rotated())
    expect(await tick()).toMatchObject({ refused: 1 })
    expect(world.received).toEqual([])
    expect(world.entries.filter(({ kind }) => kind === 'denial')).toMatchObject([{ resource: 'rotation/orders' }])
    world.permits = () => true
    await tick()
    expect(world.received).toEqual([])
  })

  it.each([
    ['its time is over', { later: MAX_SECONDS * 1_000, trusted: true }],
    ['its issuer lost its trust', { later: 60_000, trusted: false }],
  ])('and hears nothing when %s', async (_why, { later, trusted }) => {
    const { id } = (await world.subscribe(['secret.rotated'])).subscription
    await world.instance().emit(rotated())
    world.policyDown = true
    await expect(tick()).rejects.toMatchObject({ code: 'policy_unavailable' })
    world.policyDown = false
    world.answer = async () => incoming(503)
    await tick()
    expect(world.received).toHaveLength(1)
    world.trusted = trusted
    world.clock.now += later
    await tick()
    expect(world.received).toHaveLength(1)
    expect(denials()).toEqual([trusted ? 'subscription_expired' : 'subscriber_issuer_not_trusted'])
    expect(world.rows('delivery')).toEqual([])
    await world.instance().emit(rotated('run-2-rotated'))
    world.clock.now += 2 * 86_400_000
    await tick()
    expect(world.received).toHaveLength(1)
    expect(world.rows('subscriber')).toEqual([])
    expect(world.noted('subscription.expired')).toHaveLength(1)
    expect(world.vault.all(`callback-${id}`).map(({ enabled }) => enabled)).toEqual([false])
  })

  it('within the grant that it subscribed through, with which it dies', async () => {
    const covers = (_action: string, resource: string) => resource !== 'rotation/orders'
    const through = { chain: ['g1'], covers, approvedBy: [], use: async () => undefined }
    await world.subscribe(['secret.rotated'], { through })
    await world.instance().emit(rotated())
    expect(await tick()).toMatchObject({ refused: 1 })
    expect(denials()).toEqual(['grant_revoked'])
    world.throughOf = async () => through
    world.permits = ({ principal, action, resource }) => principal.through?.covers(action, resource) ?? true
    await world.instance().emit(rotated('run-2-rotated'))
    await world.instance().emit(rotated('run-3-rotated', 'billing'))
    expect(await tick()).toMatchObject({ refused: 1, sent: 1 })
    expect(ids()).toEqual(['run-3-rotated'])
  })
})

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

describe('what fails keeps nothing else from its turn', () => {
  it('an item that cannot be settled, and a wait that a wrong clock wrote', async () => {
    await world.subscribe(['secret.rotated'])
    await world.instance().emit(rotated())
    const item = { event: 'breakglass.read', grant: 'g1', root: 'entra:t:o', resource: 'secret/main/x' } as const
    await createOpenItems({ table: world.table, now: () => START }).add(item)
    world.rotates = () => {
      throw new GatewayError('storage_unavailable', 'rotation_row_unreadable')
    }
    world.answer = async () => incoming(503)
    await expect(tick()).rejects.toMatchObject({ reason: 'rotation_row_unreadable' })
    expect(world.received).toHaveLength(1)
    for (const { etag, ...row } of world.rows('delivery'))
      await world.table.replace({ ...row, notBefore: '2036-01-01T00:00:00.000Z' }, etag)
    await expect(tick()).rejects.toMatchObject({ reason: 'rotation_row_unreadable' })
    expect(world.received).toHaveLength(2)
  })
})

describe('rows that somebody edited', () => {
  it('make the gateway sign nothing, and are an alarm', async () => {
    await world.subscribe(['secret.rotated'])
    await world.instance().emit(rotated())
    for (const { etag, ...row } of world.rows('outbox')) {
      await world.table.replace({ ...row, said: String(row['said']).replace('main/orders', 'main/other') }, etag)
    }
    await tick()
    await world.instance().emit(rotated('run-2-rotated'))
    for (const { etag, ...row } of world.rows('subscriber')) {
      await world.table.replace({ ...row, said: String(row['said']).replace('secret.rotated', 'review.ready') }, etag)
    }
    await tick()
    expect(world.received).toEqual([])
    expect(world.lines).toContainEqual(expect.objectContaining({ event: 'event.tampered' }))
    expect(world.lines).toContainEqual(expect.objectContaining({ event: 'subscription.tampered' }))
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
