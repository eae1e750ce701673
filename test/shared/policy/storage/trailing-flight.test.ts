import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createTrailingFlight } from '../../../../shared/policy/storage/trailing-flight.ts'

/** Runs that end when they are told to. */
function setup() {
  const ends: (() => void)[] = []
  const flight = createTrailingFlight(() => new Promise<void>((resolve) => void ends.push(resolve)))
  const settled = async (promise: Promise<void>) => {
    let done = false
    void promise.then(() => {
      done = true
    })
    for (let turn = 0; turn < 3; turn++) await nextTurn()
    return done
  }
  return { ends, flight, settled }
}

describe('createTrailingFlight', () => {
  it('lets everybody who joins wait for the run under way', async () => {
    const { ends, flight } = setup()
    const waiting = [flight.join(), flight.join()]
    await nextTurn()
    expect(ends).toHaveLength(1)
    ends[0]?.()
    await Promise.all(waiting)
  })

  it('T11: never answers `afresh` by a run that began before it was asked', async () => {
    const { ends, flight, settled } = setup()
    const early = flight.join()
    await nextTurn()
    const late = [flight.afresh(), flight.afresh()]
    ends[0]?.()
    await early
    expect(await settled(Promise.race(late))).toBe(false)
    expect(ends).toHaveLength(2)
    ends[1]?.()
    await Promise.all(late)
    expect(ends).toHaveLength(2)
  })

  it('runs once for all who ask in one turn of the event loop, not one run for the first and another for the rest', async () => {
    const { ends, flight } = setup()
    const waiting = [flight.afresh(), flight.afresh(), flight.join(), flight.afresh()]
    await nextTurn()
    ends[0]?.()
    await Promise.all(waiting)
    expect(ends).toHaveLength(1)
  })

  it('begins anew after a run has ended', async () => {
    const { ends, flight } = setup()
    const first = flight.afresh()
    await nextTurn()
    ends[0]?.()
    await first
    const second = flight.afresh()
    await nextTurn()
    ends[1]?.()
    await second
    expect(ends).toHaveLength(2)
  })
})
