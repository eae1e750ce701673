import { describe, expect, test } from 'vitest'
import { createSchedule } from '../../../../local/functions-host/timers/schedule.ts'
import { createTimer, type TimerOptions } from '../../../../local/functions-host/timers/timer.ts'
import { memoryStatusStore, type ScheduleStatus } from '../../../../local/functions-host/timers/timer-status.ts'
import { createManualClock, settle } from '../support/manual-clock.ts'

const NOON = Date.UTC(2026, 10, 22, 12)
const MINUTE = 60_000
const DAY = 86_400_000
const NEVER = '0001-01-01T00:00:00+00:00'

type Setup = Partial<TimerOptions> & {
  text?: string
  start?: number
  stored?: ScheduleStatus
  takes?: number
  fails?: boolean
}

async function setUp({
  text = '0 * * * * *',
  start = NOON + 10_000,
  stored,
  takes = 0,
  fails,
  ...options
}: Setup = {}) {
  const clock = createManualClock(start)
  const store = memoryStatusStore()
  if (stored) await store.write('t', stored)
  const runs: { at: number; value: Record<string, unknown> }[] = []
  const reports: string[] = []
  let active = 0
  let overlapped = false
  const schedule = createSchedule(text)
  if (!schedule) throw new Error(text)
  const timer = createTimer(
    { name: 't', schedule, useMonitor: true, runOnStartup: false, ...options },
    {
      clock,
      store,
      report: (message) => reports.push(message),
      async run(value) {
        runs.push({ at: clock.now(), value: JSON.parse(value) })
        overlapped ||= ++active > 1
        if (takes > 0) await new Promise<void>((resolve) => clock.after(takes, resolve))
        active--
        if (fails) throw new Error('failed')
      },
    },
  )
  await timer.start()
  return { clock, store, runs, timer, reports, overlapped: () => overlapped }
}

const times = (runs: { at: number }[]) => runs.map(({ at }) => new Date(at).toISOString().slice(11, 19))

describe('a timer on its schedule', () => {
  test('fires at each occurrence, with Last and Next as the real host shows them', async () => {
    const { clock, runs } = await setUp()
    await clock.advance(2 * MINUTE)
    expect(times(runs)).toEqual(['12:01:00', '12:02:00'])
    expect(runs.map(({ value }) => value)).toEqual([
      {
        Schedule: { AdjustForDST: true },
        ScheduleStatus: { Last: NEVER, Next: '2026-11-22T12:01:00+00:00', LastUpdated: NEVER },
        IsPastDue: false,
      },
      {
        Schedule: { AdjustForDST: true },
        ScheduleStatus: {
          Last: '2026-11-22T12:01:00+00:00',
          Next: '2026-11-22T12:02:00+00:00',
          LastUpdated: '2026-11-22T12:01:00+00:00',
        },
        IsPastDue: false,
      },
    ])
  })

  test('skips what an overrun misses and never overlaps itself', async () => {
    const { clock, runs, overlapped } = await setUp({ takes: 90_000 })
    await clock.advance(6 * MINUTE)
    expect(times(runs)).toEqual(['12:01:00', '12:03:00', '12:05:00'])
    expect(overlapped()).toBe(false)
  })

  test('goes on after a failure', async () => {
    const { clock, runs } = await setUp({ fails: true })
    await clock.advance(3 * MINUTE)
    expect(runs).toHaveLength(3)
  })

  test('goes on when the status cannot be stored, and says so', async () => {
    const { clock, runs, store, reports } = await setUp()
    store.write = () => Promise.reject(new Error('ENOSPC'))
    await clock.advance(2 * MINUTE)
    expect(runs).toHaveLength(2)
    expect(reports[0]).toContain('could not be stored')
  })

  test('waits longer than setTimeout can count (24.8 days), in steps', async () => {
    const { clock, runs } = await setUp({ text: '40.00:00:00' })
    await clock.advance(40 * DAY - 1)
    expect(runs).toHaveLength(0)
    await clock.advance(1)
    expect(runs).toHaveLength(1)
    expect(clock.longestWait()).toBeLessThan(2 ** 31)
  })

  test('fires soon after a machine that slept wakes up', async () => {
    const { clock, runs } = await setUp({ text: '01:00:00' })
    clock.jump(2 * 60 * MINUTE)
    await clock.advance(MINUTE)
    expect(runs).toHaveLength(1)
  })

  test('does nothing for a schedule that never occurs', async () => {
    const { clock, runs } = await setUp({ text: '0 0 0 31 2 *' })
    await clock.advance(DAY)
    expect(runs).toHaveLength(0)
    expect(clock.pending()).toBe(0)
  })
})

describe('what a start finds', () => {
  const last = NOON - 5 * MINUTE
  const missed = { last, next: last + MINUTE, lastUpdated: last }

  test('runs once, past due, for any number of missed occurrences; that wins over runOnStartup', async () => {
    const { clock, runs } = await setUp({ stored: missed, runOnStartup: true })
    await clock.advance(1000)
    expect(runs).toHaveLength(1)
    expect(runs[0]?.value).toEqual({
      Schedule: { AdjustForDST: true },
      ScheduleStatus: {
        Last: '2026-11-22T11:55:00+00:00',
        Next: '2026-11-22T11:56:00+00:00',
        LastUpdated: '2026-11-22T11:55:00+00:00',
      },
      IsPastDue: true,
    })
  })

  test('is not past due when the next occurrence is ahead', async () => {
    const { clock, runs } = await setUp({ stored: { last: NOON, next: NOON + MINUTE, lastUpdated: NOON } })
    await clock.advance(1000)
    expect(runs).toHaveLength(0)
  })

  test('an edited schedule forgets Last, counts from now and is not past due', async () => {
    const { clock, runs, store } = await setUp({ text: '0 */10 * * * *', stored: missed })
    await clock.advance(1000)
    expect(runs).toHaveLength(0)
    expect(await store.read('t')).toEqual({ next: NOON + 10 * MINUTE, lastUpdated: NOON + 10_000 })
  })

  test('runOnStartup runs once at the start, not past due', async () => {
    const { clock, runs } = await setUp({ runOnStartup: true })
    await clock.advance(1000)
    expect(runs.map(({ value }) => value['IsPastDue'])).toEqual([false])
  })

  test('stores a first status, so that the first occurrence is not missed either', async () => {
    const { store } = await setUp()
    expect(await store.read('t')).toEqual({ next: NOON + MINUTE, lastUpdated: NOON + 10_000 })
  })
})

describe('without a monitor', () => {
  test.each([
    ['useMonitor: false', { useMonitor: false }],
    ['a schedule below a minute', { text: '*/30 * * * * *' }],
    ['a period below a minute', { text: '00:00:30' }],
  ])('%s: the function gets no status and none is stored', async (_title, options) => {
    const { clock, runs, store } = await setUp(options)
    await clock.advance(MINUTE)
    expect(runs[0]?.value).toMatchObject({ ScheduleStatus: null })
    expect(await store.read('t')).toBeUndefined()
  })
})

describe('by hand and at the end', () => {
  test('a run by hand is not past due, shows the stored status and leaves the schedule alone', async () => {
    const { timer, runs, store } = await setUp()
    const before = await store.read('t')
    await timer.runNow()
    expect(runs[0]?.value).toMatchObject({ IsPastDue: false })
    expect(await store.read('t')).toEqual(before)
  })

  test('a failing run by hand tells its caller', async () => {
    const { timer } = await setUp({ fails: true })
    await expect(timer.runNow()).rejects.toThrow('failed')
  })

  test('stop lets the current run end, stores its status and fires no more', async () => {
    const { clock, timer, runs, store } = await setUp({ takes: 30_000 })
    await clock.advance(55_000)
    const stopped = timer.stop()
    let done = false
    void stopped.then(() => {
      done = true
    })
    await settle()
    expect([runs.length, done]).toEqual([1, false])
    await clock.advance(10 * MINUTE)
    await stopped
    expect(runs).toHaveLength(1)
    expect(await store.read('t')).toMatchObject({ last: NOON + MINUTE })
  })
})
