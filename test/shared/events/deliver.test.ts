import { beforeEach, describe, expect, it } from 'vitest'
import { StorageError } from '../../../shared/azure/table.ts'
import { GatewayError } from '../../../shared/errors.ts'
import { createOpenItems } from '../../../shared/grants/open-items.ts'
import {
  createEventsWorld,
  type EventsWorld,
  incoming,
  MAX_SECONDS,
  rotated,
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
    expect(world.lines).toMatchObject([
      { event: 'subscription.tampered', partition: 'outbox' },
      { event: 'subscription.tampered', partition: 'subscriber' },
    ])
  })
})
