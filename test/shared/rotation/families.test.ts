import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RotationDocument } from '../../../shared/policy/documents/rotation.ts'
import { Secret } from '../../../shared/secrets/secret.ts'
import { rotationDocument } from '../../support/rotation.ts'
import { createCalls, createWorld, type World } from '../../support/rotation-memory.ts'
import { tries } from '../../support/share-of.ts'

const DAY = 86_400_000
const SPACING = 7 * DAY

const member = (name: string) =>
  rotationDocument({
    ...{ name, secret: `main/${name}`, rotator: 'generate', every: '20d' },
    verify: { successes: 1, over: '1s' },
    retire: { lookBack: '1h', deadline: '2h' },
    family: { name: 'pair', spacing: '7d' },
  })

const MEMBERS = [member('blue'), member('green'), member('red')]

async function createFamily(): Promise<World> {
  const world = await createWorld()
  for (const { name } of MEMBERS) await world.main.set(name, { value: new Secret(`first-${name}`) })
  return world
}

/** From its first act on the target to its end. */
function spans(entries: World['entries']): { name: string; from: number; to: number }[] {
  const found = new Map<string, { name: string; from: number; to: number }>()
  for (const entry of entries) {
    const { time } = entry as { time?: string }
    const { run, rotation } = (entry.detail ?? {}) as { run?: string; rotation?: string }
    if (!run || !rotation || !time) continue
    const at = Date.parse(time)
    const span = found.get(run) ?? { name: rotation, from: at, to: at }
    found.set(run, { ...span, to: Math.max(span.to, at) })
  }
  return [...found.values()].sort((one, other) => one.from - other.from)
}

describe('members of a family', () => {
  it('never run together nor within the spacing, however instances interleave, stall and die', async () => {
    const turn = fc.record({
      who: fc.integer({ min: 0, max: 2 }),
      hours: fc.integer({ min: 0, max: 400 }),
      stallAt: fc.integer({ min: 1, max: 60 }),
      other: fc.integer({ min: 0, max: 2 }),
      dies: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 4, maxLength: 12 }), async (turns) => {
        const world = await createFamily()
        world.clock.now += 21 * DAY
        for (const { who, hours, stallAt, other, dies } of turns) {
          const calls = createCalls()
          let stalled = false
          calls.hook = async (at) => {
            if (at !== stallAt || stalled) return
            stalled = true
            await drive(world, MEMBERS[other])
            if (dies) calls.killAt = at
          }
          await drive(world, MEMBERS[who], calls)
          world.clock.now += hours * 3_600_000
        }
        const runs = spans(world.entries)
        for (const [at, span] of runs.entries()) {
          const before = runs.slice(0, at).filter(({ name }) => name !== span.name)
          for (const { to } of before) expect(span.from - to).toBeGreaterThanOrEqual(SPACING)
        }
      }),
      { numRuns: tries(150) },
    )
  }, 30_000)

  it('take turns: each gets its own after the spacing', async () => {
    const world = await createFamily()
    world.clock.now += 21 * DAY
    for (let hour = 0; hour < 20 * 24; hour += 1) {
      for (const each of MEMBERS) await drive(world, each)
      world.clock.now += 3_600_000
    }
    expect(new Set(spans(world.entries).map(({ name }) => name)).size).toBe(3)
  }, 30_000)
})

async function drive(world: World, rotation: RotationDocument | undefined, calls = createCalls()) {
  if (!rotation) return
  await world
    .instance({ calls })
    .drive(rotation)
    .catch(() => undefined)
}
