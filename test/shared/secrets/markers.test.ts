import { expect, it } from 'vitest'
import { createMarkers } from '../../../shared/secrets/markers.ts'
import { createMemoryTable } from '../../support/memory-table.ts'

it('a clock that is set back hides no change that another instance made (T28)', async () => {
  const state = createMemoryTable()
  const clock = { at: 7_200_000 }
  const changes: unknown[] = []
  const instance = (changed: (vault: string, name?: string) => void) =>
    createMarkers({ state, now: () => clock.at, pollSeconds: 5, changed, report: () => {} })
  const here = instance((...what) => changes.push(what))
  await here.fresh('main')
  await instance(() => {}).raise('main', 'one')
  clock.at -= 3_600_000
  await here.fresh('main')
  expect(changes).toEqual([['main', 'one']])
})
