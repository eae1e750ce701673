import { beforeAll, describe, expect, it } from 'vitest'
import type { Table } from '../../shared/azure/table.ts'
import { GatewayError } from '../../shared/errors.ts'
import { takeLease } from '../../shared/lease.ts'
import { keyStores, refusal } from './tokens/keys/ring-fixture.ts'

let leases: Table
let count = 0

beforeAll(async () => {
  leases = (await keyStores()).store().leases
})

const LIFE = 15_000
const START = Date.UTC(2026, 10, 25)

const lost = () => new GatewayError('keys_unavailable', 'lease_lost')

function lease() {
  const clock = { now: START }
  const options = { name: `l${++count}`, lifeMs: LIFE, now: () => clock.now, minFence: 0, lost, deadlineMs: 5_000 }
  return { clock, name: options.name, take: (minFence = 0) => takeLease(leases, { ...options, minFence }) }
}

describe('takeLease', () => {
  it('gives it to one of many at once', async () => {
    const { take } = lease()
    const taken = await Promise.all(Array.from({ length: 8 }, () => take()))
    expect(taken.filter(Boolean)).toHaveLength(1)
  })

  it('gives an expired one to one of many at once, with a higher fence', async () => {
    const { take, clock } = lease()
    const first = await take()
    clock.now += LIFE
    const taken = (await Promise.all(Array.from({ length: 8 }, () => take()))).filter(Boolean)
    expect(taken.map((each) => each?.fence)).toEqual([(first?.fence ?? 0) + 1])
  })

  it('keeps others out until it ends, however often it is renewed', async () => {
    const { take, clock } = lease()
    const first = await take()
    clock.now += LIFE - 1
    expect(await take()).toBeUndefined()
    await first?.renew()
    clock.now += LIFE - 1
    expect(await take()).toBeUndefined()
    await first?.release()
    expect((await take())?.fence).toBe(2)
  })

  it('keys_unavailable lease_lost: a holder that overslept cannot renew, and its release harms nobody', async () => {
    const { take, clock } = lease()
    const first = await take()
    clock.now += LIFE
    await take()
    expect(await refusal(first?.renew() ?? Promise.resolve())).toBe('keys_unavailable lease_lost')
    await first?.release()
    expect(await take()).toBeUndefined()
  })

  it('is not blocked by a holder whose clock was an hour ahead', async () => {
    const { take, clock } = lease()
    clock.now += 3_600_000
    await take()
    clock.now = START
    expect((await take())?.fence).toBe(2)
  })

  it('goes on above the fence of what it guards when its own row was lost', async () => {
    expect((await lease().take(41))?.fence).toBe(42)
  })

  it('takes a row that makes no sense', async () => {
    const { name, take } = lease()
    await leases.insert({ partitionKey: 'lease', rowKey: name, owner: 'x', fence: 'many', expires: 'never' })
    expect((await take())?.fence).toBe(1)
  })
})
