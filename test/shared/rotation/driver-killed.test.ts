import { describe, expect, it } from 'vitest'
import type { RotationDocument } from '../../../shared/policy/documents/rotation.ts'
import type { Rotator } from '../../../shared/rotation/rotator.ts'
import { generate } from '../../../shared/rotation/rotators/generate.ts'
import { rotationDocument } from '../../support/rotation.ts'
import { createCalls, createWorld, type World } from '../../support/rotation-memory.ts'

const DAY = 86_400_000

const rotation = rotationDocument({
  name: 'it',
  secret: 'main/it',
  rotator: 'generate',
  every: '30d',
  verify: { successes: 2, over: '10s' },
  retire: { lookBack: '1d', deadline: '2d' },
})

type Options = { rotator?: Rotator; watch?: (world: World) => void }

/** Instances that die at one call, before it or after it came through, and new ones until the run is over. */
async function runThrough(document: RotationDocument, killAt: number, after: boolean, options: Options = {}) {
  const world = await createWorld()
  world.clock.now += 31 * DAY
  let calls = Object.assign(createCalls(), { killAt, after })
  const used = { rotator: options.rotator ?? world.target.rotator((act) => calls.call(act)) }
  let count = 0
  for (let turns = 0; turns < 30; turns += 1) {
    let driven: Awaited<ReturnType<ReturnType<World['instance']>['drive']>> | undefined
    try {
      driven = await world.instance({ calls, ...used }).drive(document)
    } catch (error) {
      if (calls.count < calls.killAt) throw error
      calls = createCalls()
      // The dead one’s lease runs out.
      world.clock.now += 61_000
    }
    count = Math.max(count, calls.count)
    options.watch?.(world)
    const { run, dueKey } = await world.states.read(document.name)
    if (run?.endedAt !== undefined) return { world, run, count }
    if (driven?.outcome === 'waits') world.clock.now = Math.max(world.clock.now, driven.nextAt)
    if (run) expect(await isInIndex(world, dueKey)).toBe(true)
  }
  throw new Error(`the run did not end (killed at ${killAt})`)
}

const isInIndex = async ({ tables }: World, key: string | undefined) =>
  tables.rotations.rows().some(({ partitionKey, rowKey }) => partitionKey === '_due' && rowKey === key)

describe.each([
  ['a target that accepts and forgets credentials', undefined],
  ['generate', generate as Rotator],
])('killed at every call of storage, vault, journal and target: %s (T23)', (_title, rotator) => {
  it('ends in the same state with exactly one new version, the old credential working until the cut-over', async () => {
    const watch = ({ target, current }: World) => {
      if (!rotator) expect(target.accepted.has(current() ?? '')).toBe(true)
    }
    const options = { ...(rotator && { rotator }), watch }
    const { count } = await runThrough(rotation, Number.POSITIVE_INFINITY, false, options)
    expect(count).toBeGreaterThan(30)
    for (let killAt = 1; killAt <= count; killAt += 1) {
      for (const after of [false, true]) {
        const { world, run } = await runThrough(rotation, killAt, after, options)
        const told = `killed ${after ? 'after' : 'at'} call ${killAt}`
        expect(run.state, told).toBe('retired')
        expect(
          world.published().map(({ tags }) => tags['sallyport-rotation']),
          told,
        ).toEqual([run.id])
        expect(world.published()[0], told).toMatchObject({ contentType: 'text/plain', tags: { owner: 'x' } })
        expect(world.main.all('it')[0]?.enabled, told).toBe(false)
        if (!rotator) expect([...world.target.accepted], told).toEqual([world.current()])
        const pending = world.gatewayVault.all(`pending-${run.id}`)
        expect(
          pending.some(({ enabled }) => enabled),
          told,
        ).toBe(false)
        const ids = world.events.map(({ type, id }) => `${type} ${id}`)
        expect([...new Set(ids)], told).toEqual([`secret.rotated ${run.id}-rotated`])
      }
    }
  }, 60_000)
})
