import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fileStatusStore, toStatusJson } from '../../../../local/functions-host/timers/timer-status.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'timer-status-'))
})
afterAll(() => rm(dir, { recursive: true }))

test('gives back what was stored, years "never" and "no next" included', async () => {
  const store = fileStatusStore(dir)
  const full = { last: 1_763_812_800_123, next: 1_763_812_860_000, lastUpdated: 1_763_812_800_123 }
  await store.write('Full', full)
  await store.write('first', { next: Number.POSITIVE_INFINITY })
  expect(await fileStatusStore(dir).read('full')).toEqual(full)
  expect(await store.read('first')).toEqual({ next: Number.POSITIVE_INFINITY })
})

test('leaves no temporary file behind', async () => {
  expect((await readdir(dir)).filter((name) => !name.endsWith('.json'))).toEqual([])
})

test('a status that is missing or not readable counts as none', async () => {
  const store = fileStatusStore(dir)
  for (const [name, text] of Object.entries({ cut: '{"Last":"20', array: '[]', odd: '{"Next":"soon"}', nul: 'null' })) {
    await writeFile(join(dir, `${name}.json`), text)
    expect(await store.read(name), name).toBeUndefined()
  }
  expect(await store.read('missing')).toBeUndefined()
})

test('spells times as .NET does', async () => {
  expect(toStatusJson({ next: Date.UTC(2026, 10, 22, 17, 57, 30, 660) })).toEqual({
    Last: '0001-01-01T00:00:00+00:00',
    Next: '2026-11-22T17:57:30.66+00:00',
    LastUpdated: '0001-01-01T00:00:00+00:00',
  })
  await fileStatusStore(dir).write('spelled', { next: Date.UTC(2026, 0, 1) })
  expect(JSON.parse(await readFile(join(dir, 'spelled.json'), 'utf8'))).toHaveProperty(
    'Next',
    '2026-01-01T00:00:00+00:00',
  )
})
