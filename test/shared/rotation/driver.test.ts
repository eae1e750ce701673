import { beforeEach, describe, expect, it } from 'vitest'
import { demandStep, startRun } from '../../../shared/rotation/driver.ts'
import { rotationDocument } from '../../support/rotation.ts'
import { createCalls, createWorld, type World } from '../../support/rotation-memory.ts'

const DAY = 86_400_000
const fields = {
  name: 'it',
  secret: 'main/it',
  rotator: 'generate',
  every: '30d',
  verify: { successes: 1, over: '1s' },
  retire: { lookBack: '1d', deadline: '2d' },
  onFailure: { attempts: 3, backoff: '1m', cap: '2m' },
}
const rotation = rotationDocument(fields)

let world: World

beforeEach(async () => {
  world = await createWorld()
  world.clock.now += 31 * DAY
})

const runOf = async (name = 'it') => {
  const { run } = await world.states.read(name)
  if (!run) throw new Error('no run')
  return run
}

describe('two schedulers on one storage (T24)', () => {
  it('rotate once, however their calls interleave', async () => {
    const one = world.instance()
    const other = world.instance()
    for (let turn = 0; turn < 6; turn += 1) {
      const driven = await Promise.allSettled([one.drive(rotation), other.drive(rotation), one.drive(rotation)])
      for (const each of driven) if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'conflict' })
      world.clock.now += 61_000
    }
    expect((await runOf()).state).toBe('retired')
    expect(world.published()).toHaveLength(1)
  })

  it.each(Array.from({ length: 40 }, (_, at) => at + 1))(
    'write nothing under a stale fence: the lease ran out before call %i',
    async (stallAt) => {
      const calls = createCalls()
      const slow = world.instance({ calls })
      let taken = false
      calls.hook = async (at) => {
        if (at !== stallAt || taken) return
        taken = true
        world.clock.now += 61_000
        await world.instance().drive(rotation)
      }
      await slow.drive(rotation).catch((error: unknown) => expect(error).toMatchObject({ code: 'conflict' }))
      for (let turn = 0; turn < 4; turn += 1) {
        world.clock.now += 61_000
        await world.instance().drive(rotation)
      }
      expect((await runOf()).state).toBe('retired')
      expect([...world.target.accepted]).toContain(world.current())
      expect(new Set(world.published().map(({ tags }) => tags['sallyport-rotation'])).size).toBe(1)
    },
  )
})

describe('a target that refuses the new value', () => {
  it('makes the run stuck after three tries, current untouched, told once, and resumable', async () => {
    world.target.faults = 3
    const { drive } = world.instance()
    for (let turn = 0; turn < 8; turn += 1) {
      await drive(rotation)
      world.clock.now += 121_000
    }
    expect(await runOf()).toMatchObject({ state: 'stuck', stuckIn: 'set', attempts: 3, reason: 'login_refused' })
    expect(world.current()).toBe('first')
    expect(world.published()).toEqual([])
    expect(world.events.map(({ type }) => type)).toEqual(['rotation.stuck'])

    const { deps, signal } = world.instance()
    const runId = (await runOf()).id
    await demandStep(deps, rotation, { runId, step: 'resume', signal })
    await drive(rotation)
    expect((await runOf()).state).toBe('retired')
    expect(world.current()).toBe('made-1')
    expect(world.events.map(({ type }) => type)).toEqual(['rotation.stuck', 'secret.rotated'])
  })

  it('lets a stuck run be aborted: the target forgets the new value', async () => {
    world.target.faults = 3
    const { drive, deps, signal } = world.instance()
    for (let turn = 0; turn < 4; turn += 1) {
      await drive(rotation)
      world.clock.now += 121_000
    }
    expect([...world.target.accepted]).toEqual(['first', 'made-1'])
    const ended = await demandStep(deps, rotation, { runId: (await runOf()).id, step: 'abort', signal })
    expect(ended.state).toBe('aborted')
    expect([...world.target.accepted]).toEqual(['first'])
    await drive(rotation)
    expect((await runOf()).id).toBe(ended.id)
  })
})

describe('whoever has not picked the new version up', () => {
  it('holds the retirement until the deadline, and not longer', async () => {
    world.pickUp.stragglers = ['oidc:partner:abc']
    const { drive } = world.instance()
    await drive(rotation)
    expect((await runOf()).state).toBe('current')
    const published = world.clock.now
    for (let hour = 1; hour < 48; hour += 1) {
      world.clock.now = published + hour * 3_600_000
      await drive(rotation)
      expect((await runOf()).state).toBe('current')
      expect(world.target.accepted.has('first')).toBe(true)
    }
    world.clock.now = published + 2 * DAY
    await drive(rotation)
    expect((await runOf()).state).toBe('retired')
    expect(world.target.accepted.has('first')).toBe(false)
  })
})

describe('clocks that were wrong', () => {
  it('rotate neither twice nor never: ten years ahead and back', async () => {
    const { drive } = world.instance()
    const right = world.clock.now
    world.clock.now = right + 3_650 * DAY
    await drive(rotation)
    const { id } = await runOf()
    world.clock.now = right
    await drive(rotation)
    expect((await runOf()).id).toBe(id)
    expect(world.published()).toHaveLength(1)
    for (let day = 1; day <= 33; day += 1) {
      world.clock.now = right + day * DAY
      await drive(rotation)
    }
    expect((await world.states.run('it', id))?.state).toBe('retired')
  })
})

describe('modes', () => {
  it('paused: neither timer nor request begins', async () => {
    const paused = rotationDocument({ ...fields, mode: 'paused' })
    const { drive, deps } = world.instance()
    expect(await drive(paused)).toMatchObject({ outcome: 'waits', nextAt: Number.POSITIVE_INFINITY })
    await expect(startRun(deps, paused, { id: 'a'.repeat(32), by: 'me' })).rejects.toMatchObject({
      reason: 'rotation_paused',
    })
  })

  it('manual: goes on by request alone, in order', async () => {
    const manual = rotationDocument({ ...fields, mode: 'manual' })
    const { drive, deps, signal } = world.instance()
    const { id: runId } = await startRun(deps, manual, { id: 'b'.repeat(32), by: 'pipeline' })
    await drive(manual)
    expect((await runOf()).state).toBe('pending')
    const demand = (step: 'set' | 'verify' | 'finish' | 'retire' | 'abort') =>
      demandStep(deps, manual, { runId, step, signal })
    await expect(demand('finish')).rejects.toMatchObject({ reason: 'step_out_of_order' })
    expect((await demand('set')).state).toBe('set')
    expect((await demand('verify')).state).toBe('verified')
    expect((await demand('finish')).state).toBe('current')
    await expect(demand('abort')).rejects.toMatchObject({ reason: 'run_published' })
    expect((await demand('retire')).state).toBe('retired')
    await expect(demand('retire')).rejects.toMatchObject({ reason: 'run_is_over' })
  })
})
