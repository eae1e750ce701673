import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseDocument } from '../../../../shared/policy/documents/document.ts'
import { demandStep } from '../../../../shared/rotation/driver.ts'
import { rotationView, runView } from '../../../../shared/rotation/view.ts'
import { Secret } from '../../../../shared/secrets/secret.ts'
import { cloudRotators } from '../../../support/cloud-rotators.ts'
import { rig } from '../../../support/rig.ts'

const DAY = 86_400_000
let driver: Awaited<ReturnType<typeof cloudRotators>>
let rotation: ReturnType<typeof driver.document>
let name = ''
let count = 0

beforeAll(async () => {
  driver = await cloudRotators(rig())
}, 60_000)

beforeEach(async () => {
  count += 1
  name = `license-${count}`
  const settings = { instructions: 'Ask the vendor.', remindBefore: '7d', remindEvery: '1d' }
  rotation = driver.document({ name, secret: `main/${name}`, rotator: 'manual', settings })
  driver.clock.now = Date.now()
  driver.entries.length = 0
  await driver.main.set(name, { value: new Secret('first') })
})

const state = () => driver.states.read(name)
const reminders = () =>
  driver.entries.filter((entry) => entry.kind === 'system' && entry.event === 'rotation.due').length
const signal = AbortSignal.timeout(600_000)

/** Ticks every six hours for so many days. */
async function days(count: number) {
  for (let turn = 0; turn < count * 4; turn += 1) {
    await driver.drive(rotation)
    driver.clock.now += DAY / 4
  }
}

describe('rotator manual', () => {
  it('reminds from a week before the due date on, once a day, and is done when a new version is seen', async () => {
    await driver.drive(rotation)
    expect((await state()).run).toBeUndefined()
    driver.clock.now += 22 * DAY
    await driver.drive(rotation)
    expect((await state()).run).toBeUndefined()
    driver.clock.now += 1.5 * DAY
    await days(3)
    expect(reminders()).toBe(3)
    const { run } = await state()
    if (!run) throw new Error('no run')
    expect(runView(rotation, run, [])).toMatchObject({ waitsFor: 'person', instructions: 'Ask the vendor.' })
    expect(rotationView(rotation, await state(), driver.clock.now)).toMatchObject({ state: 'pending' })

    const { version } = await driver.main.set(name, { value: new Secret('second') })
    const old = run.memory['version']
    expect(await driver.driveThrough(rotation)).toMatchObject({ state: 'retired', version, replaces: old })
    expect(driver.events.at(-1)).toMatchObject({ type: 'secret.rotated' })
    expect(await driver.text(name)).toBe('second')
    // The replaced version is switched off; nothing else was written.
    expect((await driver.main.versions(name)).map(({ enabled }) => enabled).sort()).toEqual([false, true])
  })

  it('goes on waiting and is overdue when nobody comes: never stuck, no failure', async () => {
    driver.clock.now += 24 * DAY
    await days(10)
    const { run } = await state()
    expect(run).toMatchObject({ state: 'pending', attempts: 0 })
    expect(rotationView(rotation, await state(), driver.clock.now)).toMatchObject({ overdue: true })
    expect(reminders()).toBe(10)
  })

  it('an older version that becomes current again is no new one', async () => {
    const { version } = await driver.main.set(name, { value: new Secret('second') })
    driver.clock.now += 24 * DAY
    await driver.drive(rotation)
    await driver.main.setEnabled(name, version, false)
    await days(1)
    expect((await state()).run).toMatchObject({ state: 'pending' })
  })

  it('a step that is demanded looks at once; abort ends the run and leaves the secret', async () => {
    driver.clock.now += 24 * DAY
    await driver.drive(rotation)
    const runId = (await state()).run?.id ?? ''
    expect(await demandStep(driver.deps, rotation, { runId, step: 'set', signal })).toMatchObject({ state: 'pending' })
    await driver.main.set(name, { value: new Secret('second') })
    expect(await demandStep(driver.deps, rotation, { runId, step: 'set', signal })).toMatchObject({ state: 'current' })

    driver.clock.now += 60 * DAY
    await driver.drive(rotation)
    const next = (await state()).run
    expect(next).toMatchObject({ state: 'pending' })
    await demandStep(driver.deps, rotation, { runId: next?.id ?? '', step: 'abort', signal })
    expect((await state()).run).toMatchObject({ state: 'aborted' })
    expect(await driver.text(name)).toBe('second')
  })

  it('refuses documents that would begin again at once, or outlive what Entra allows', () => {
    const parsed = (fields: Record<string, unknown>) =>
      parseDocument({ kind: 'rotation', name: 'x', secret: 'main/x', owner: 'team', every: '5d', ...fields })
    expect(parsed({ rotator: 'manual', settings: { remindBefore: '5d' } })).toMatchObject({
      ok: false,
      faults: [{ pointer: '/settings/remindBefore' }],
    })
    const id = '11111111-1111-4111-8111-111111111111'
    const settings = { tenant: id, application: id, clientId: id, lifetime: '18d' }
    expect(parsed({ rotator: 'entra-app', settings })).toMatchObject({
      ok: false,
      faults: [{ pointer: '/settings/lifetime' }],
    })
    expect(parsed({ rotator: 'entra-app', settings: { ...settings, lifetime: '19d' } })).toMatchObject({ ok: true })
  })
})
