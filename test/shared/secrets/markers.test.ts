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

it('raises the marker although twelve other writers come first, one after the other', async () => {
  const memory = createMemoryTable()
  const reports: string[] = []
  const markers = (state: typeof memory) =>
    createMarkers({ state, now: () => 0, pollSeconds: 5, changed: () => {}, report: (event) => reports.push(event) })
  const other = markers(memory)
  let left = 12
  const overtaken: typeof memory = {
    ...memory,
    get: async (...key) => {
      const row = await memory.get(...key)
      if (left-- > 0) await other.raise('main', `by-other-${left}`)
      return row
    },
  }
  await markers(overtaken).raise('main', 'mine')
  expect(reports).toEqual([])
  const row = await memory.get('main', '_marker')
  expect(row?.['sequence']).toBe(13)
  expect(row?.['recent']).toMatch(/\[13,"mine"\]\]$/)
})
