import { describe, expect, it } from 'vitest'
import { createWaiters } from '../../../shared/secrets/wait.ts'

const ref = { vault: 'main', name: 'a' }
const settled = () => new Promise((resolve) => setImmediate(resolve))

/** Waiters with a clock and a vault that the test moves. */
function waiting() {
  const world = { at: 0, version: 'v1', looks: 0, fails: false }
  const pauses: { milliseconds: number; end: () => void }[] = []
  const waiters = createWaiters({
    now: () => world.at,
    pollSeconds: 5,
    currentVersion: async () => {
      world.looks += 1
      if (world.fails) throw new Error('down')
      return world.version
    },
    pause: (milliseconds) => new Promise((end) => pauses.push({ milliseconds, end })),
  })
  const tick = async (milliseconds: number) => {
    world.at += milliseconds
    for (const { end } of pauses.splice(0)) end()
    await settled()
  }
  return { world, pauses, waiters, tick }
}

const known = (version: string) => version === 'v1'

describe('waiting for a change (≤ 25 s, ≤ 8 an instance)', () => {
  it('changed at once when the caller’s version is not the current one', async () => {
    const { waiters, pauses } = waiting()
    expect(await waiters.wait({ ref, isKnown: () => false, milliseconds: 9_000 })).toBe('changed')
    expect(pauses).toEqual([])
  })

  it('changed at the marker, unchanged at the end, never longer than asked', async () => {
    const { waiters, world, pauses, tick } = waiting()
    const woken = waiters.wait({ ref, isKnown: known, milliseconds: 9_000 })
    await settled()
    waiters.changed('main', 'other')
    waiters.changed('elsewhere')
    await settled()
    expect(world.looks).toBe(1)
    world.version = 'v2'
    waiters.changed('main', 'a')
    expect(await woken).toBe('changed')
    world.version = 'v1'
    pauses.length = 0
    const patient = waiters.wait({ ref, isKnown: known, milliseconds: 9_000 })
    await settled()
    expect(pauses.map(({ milliseconds }) => milliseconds)).toEqual([5_000])
    await tick(5_000)
    expect(pauses.map(({ milliseconds }) => milliseconds)).toEqual([4_000])
    await tick(4_000)
    expect(await patient).toBe('unchanged')
  })

  it('a wake-up without a new version waits on', async () => {
    const { waiters, tick } = waiting()
    let ended = false
    const wait = waiters.wait({ ref, isKnown: known, milliseconds: 9_000 }).finally(() => {
      ended = true
    })
    await settled()
    waiters.changed('main')
    await settled()
    expect(ended).toBe(false)
    await tick(9_000)
    expect(await wait).toBe('unchanged')
  })

  it('without a condition the version that is current on arrival counts', async () => {
    const { waiters, world } = waiting()
    const wait = waiters.wait({ ref, milliseconds: 9_000 })
    await settled()
    world.version = 'v2'
    waiters.changed('main')
    expect(await wait).toBe('changed')
  })

  it('crowded: the ninth does not wait; a place is free again afterwards, also after failures', async () => {
    const { waiters, world } = waiting()
    const eight = Array.from({ length: 8 }, () => waiters.wait({ ref, isKnown: known, milliseconds: 9_000 }))
    await settled()
    expect(await waiters.wait({ ref, isKnown: known, milliseconds: 9_000 })).toBe('crowded')
    world.version = 'v2'
    waiters.changed('main')
    expect(await Promise.all(eight)).toEqual(Array.from({ length: 8 }, () => 'changed'))
    world.fails = true
    for (let n = 0; n < 20; n += 1) expect(await waiters.wait({ ref, milliseconds: 9_000 })).toBe('changed')
  })

  it('closing lets everybody go', async () => {
    const { waiters } = waiting()
    const wait = waiters.wait({ ref, isKnown: known, milliseconds: 9_000 })
    await settled()
    waiters.close()
    expect(await wait).toBe('unchanged')
    expect(await waiters.wait({ ref, isKnown: known, milliseconds: 9_000 })).toBe('unchanged')
  })
})
