import { beforeEach, describe, expect, it } from 'vitest'
import { StorageError } from '../../../shared/azure/table.ts'
import { GatewayError } from '../../../shared/errors.ts'
import { createDeliveries } from '../../../shared/events/deliveries.ts'
import { createEventsWorld, type EventsWorld, incoming, MAX_SECONDS, rotated, urlOf } from '../../support/events.ts'

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

describe('what fails keeps nothing else from its turn', () => {
  it('an item that cannot be settled, and a wait that a wrong clock wrote', async () => {
    await world.subscribe(['secret.rotated'])
    await world.instance().emit(rotated())
    const item = { event: 'breakglass.read', grant: 'g1', root: 'entra:t:o', resource: 'secret/main/x' } as const
    await world.openItem(item)
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

describe('what waits', () => {
  const waits = async (events: Parameters<typeof world.subscribe>[0] = ['secret.rotated']) => {
    await world.subscribe(events)
    await world.instance().emit(rotated())
    world.answer = async () => incoming(503)
    await tick()
    world.answer = async () => incoming(204)
    world.clock.now += 61_000
  }

  it('is dropped for a subscriber that asked anew for other events', async () => {
    await waits(['secret.rotated', 'review.ready'])
    await world.subscribe(['review.ready'])
    expect(await tick()).toMatchObject({ gone: 1 })
    expect(world.received).toHaveLength(1)
    expect(world.rows('delivery')).toEqual([])
  })

  it('is told though it is forgotten by now that it stands in every line', async () => {
    await waits()
    for (const { partitionKey, rowKey, etag } of world.rows('told'))
      await world.table.remove(partitionKey, rowKey, etag)
    expect(await tick()).toMatchObject({ sent: 1 })
    expect(world.rows('delivery')).toEqual([])
  })

  it('is given up, recorded, when it has failed for a week by no fault of the receiver', async () => {
    await waits()
    world.answer = async () => {
      throw new TypeError('of nobody')
    }
    expect(await tick()).toMatchObject({ failed: 1 })
    world.clock.now += 7 * 86_400_000
    // Before the tick that would end it.
    await world.subscribe(['secret.rotated'])
    expect(await tick()).toMatchObject({ parked: 1 })
    expect(world.noted('event.parked')).toMatchObject([{ id: 'run-1-rotated', reason: 'too_old' }])
    expect(world.rows('delivery')).toEqual([])
  })

  it('begins with another subscriber each turn: those behind slow ones are reached', async () => {
    await world.subscribe(['secret.rotated'], {}, 'a')
    await world.subscribe(['secret.rotated'], {}, 'b')
    for (const [turn, random] of [0, 0.99].entries()) {
      world.random = random
      await world.instance().emit(rotated(`run-${turn}-rotated`))
      await tick()
    }
    const [first, second, third, fourth] = world.received.map(({ url }) => url)
    expect([third, fourth]).toEqual([second, first])
  })
})

describe('what stands in line', () => {
  it('is looked at from where the last look ended, where it is too much altogether', async () => {
    const seal = async () => (text: string) => text
    const lines = createDeliveries({ table: world.table, seal, now: () => 0, alarm: () => undefined, most: 2 })
    for (const name of ['a', 'b', 'c']) await lines.add(name, 'key', rotated())
    const seen = async () => (await lines.all()).map(({ subscription }) => subscription)
    expect([await seen(), await seen(), await seen()]).toEqual([['a', 'b'], ['c'], ['a', 'b']])
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
    expect(world.lines).toMatchObject([
      { event: 'subscription.tampered', partition: 'outbox' },
      { event: 'subscription.tampered', partition: 'subscriber' },
    ])
  })

  it('or wrote as if a grant had left them make it tell nothing and rotate nothing', async () => {
    await world.subscribe(['breakglass.used'])
    const item = { event: 'breakglass.read', grant: 'g1', root: 'entra:t:o', resource: 'secret/main/orders' } as const
    await world.openItem(item)
    const [own] = world.rows('open')
    if (!own) throw new Error('no row')
    const { etag, ...row } = own
    await world.table.replace({ ...row, item: JSON.stringify({ ...item, resource: 'secret/main/other' }) }, etag)
    const used = JSON.stringify({ event: 'breakglass.used', grant: 'g2', root: 'entra:t:o', skipped: [] })
    await world.table.insert({ ...row, rowKey: 'breakglass.used|g2', event: 'breakglass.used', item: used })
    await tick()
    expect(world.received).toEqual([])
    expect(world.runs).toEqual([])
    expect(world.rows('open')).toEqual([])
    expect(world.lines).toMatchObject([
      { event: 'subscription.tampered', partition: 'open' },
      { event: 'subscription.tampered', partition: 'open' },
    ])
  })
})
