import { afterAll, describe, expect, test } from 'vitest'
import { type HostChild, startChild } from './support/child.ts'
import { differences } from './support/compare.ts'
import { PROBE } from './support/probe-options.ts'
import { DEVIATIONS, RECORDED } from './support/recorded.ts'
import { sendRequest } from './support/send-request.ts'

const kept = new Map(DEVIATIONS.buffered.flatMap(({ reason, cases }) => cases.map((name) => [name, reason] as const)))
const buffered = RECORDED.cases.filter(({ mode }) => mode === 'buffered')
const stream = RECORDED.cases.filter(({ mode }) => mode === 'stream')
let child: HostChild | undefined

/** Some cases kill the process, as they killed the real worker. */
async function hostPort(): Promise<number> {
  if (!child?.running()) child = await startChild(PROBE)
  return child.port
}

afterAll(async () => void (await child?.stop()))

// Issue 3, deliverable 4: the local host answers what the real host answered, in the recorded order.
describe('answers of the real host, replayed', () => {
  for (const recorded of buffered) {
    const reason = kept.get(recorded.name)
    test(`${recorded.status}: ${recorded.name}${reason ? ' (kept deviation)' : ''}`, async () => {
      const port = await hostPort()
      const ours = await sendRequest(recorded.request, port)
      if (ours.status === null) await child?.exited
      const found = differences(recorded, ours, port)
      if (reason === undefined) expect(found).toEqual([])
      else expect(found, `it agrees now, so remove it from deviations.json: ${reason}`).not.toEqual([])
    })
  }
})

describe('stream mode', () => {
  test('refuses to start an app that sets enableHttpStream', async () => {
    const refused = await startChild({ ...PROBE, env: { ...PROBE.env, PROBE_STREAM: '1' } })
    expect(refused.failed).toContain('stream mode is not offered')
    expect(await refused.exited).toBe(1)
  })

  test('every recorded answer of the stream mode is listed as a deviation', () => {
    expect(DEVIATIONS.stream.cases).toEqual(stream.map(({ name }) => name))
  })
})

test('every kept deviation names a recorded case once', () => {
  const names = DEVIATIONS.buffered.flatMap(({ cases }) => cases)
  expect(new Set(names).size).toBe(names.length)
  expect(names.filter((name) => !buffered.some((recorded) => recorded.name === name))).toEqual([])
})
