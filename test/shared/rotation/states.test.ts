import { beforeAll, describe, expect, it } from 'vitest'
import { createAzure } from '../../../shared/azure/azure.ts'
import type { Table } from '../../../shared/azure/table.ts'
import { newRun } from '../../../shared/rotation/plan.ts'
import { createStates } from '../../../shared/rotation/states.ts'
import { rig } from '../../support/rig.ts'

let table: Table
let names = 0

beforeAll(async () => {
  const local = rig()
  await local.createStorage()
  table = createAzure(local.config()).table('rotations')
}, 60_000)

const NOW = 1_790_000_000_000
const run = (id = 'a'.repeat(32)) => newRun({ id, of: '', by: 'schedule', now: NOW })

/** A table whose process dies before its write number `killAt`. */
function dying(killAt: number): Table {
  let writes = 0
  return new Proxy(table, {
    get: (of, name) => {
      const value = Reflect.get(of, name)
      if (!['insert', 'replace', 'remove', 'transact'].includes(String(name))) return value
      return (...args: unknown[]) => {
        writes += 1
        if (writes >= killAt) throw new Error('killed')
        return value.apply(of, args)
      }
    },
  })
}

async function keysOf(name: string): Promise<string[]> {
  return (await createStates(table).due(NOW + 10 ** 9, 1_000)).filter((row) => row.name === name).map(({ key }) => key)
}

const fresh = () => `it-${++names}`

describe('state and due index', () => {
  it.each([1, 2, 3, 4])('never lack a due row: killed before write %i', async (killAt) => {
    const name = fresh()
    const states = createStates(table)
    const before = await states.write(await states.read(name), { name, fence: 1, run: run() }, NOW)
    if (before === 'changed') throw new Error('changed')
    const moved = { name, fence: 2, run: { ...run(), state: 'set' as const } }
    await createStates(dying(killAt))
      .write(before, moved, NOW + 5_000)
      .catch(() => undefined)
    const after = await states.read(name)
    expect(after.dueKey).toBeDefined()
    expect(await keysOf(name)).toContain(after.dueKey)
  })

  it('refuse a write on what is not the last one, and keep what is stored', async () => {
    const name = fresh()
    const states = createStates(table)
    const old = await states.read(name)
    await states.write(old, { name, fence: 7, run: run() }, NOW)
    expect(await states.write(old, { name, fence: 6, run: run('b'.repeat(32)) }, NOW + 1)).toBe('changed')
    expect(await states.read(name)).toMatchObject({ fence: 7, run: { id: 'a'.repeat(32) } })
  })

  it('take the old row away when the time moves, and every row when nothing is due', async () => {
    const name = fresh()
    const states = createStates(table)
    const first = await states.write(await states.read(name), { name, fence: 1, run: run() }, NOW)
    if (first === 'changed') throw new Error('changed')
    const second = await states.write(first, { name, fence: 1, run: run() }, NOW + 9_000)
    expect(await keysOf(name)).toEqual([`${NOW + 9_000}|${name}`])
    if (second === 'changed') throw new Error('changed')
    await states.write(second, { name, fence: 1, run: run() }, Number.POSITIVE_INFINITY)
    expect(await keysOf(name)).toEqual([])
  })

  it('keep a run that ended under its own id', async () => {
    const name = fresh()
    const states = createStates(table)
    const first = await states.write(await states.read(name), { name, fence: 1, run: run() }, NOW)
    if (first === 'changed') throw new Error('changed')
    const over = { ...run(), state: 'retired' as const, endedAt: NOW + 1 }
    const second = await states.write(first, { name, fence: 1, run: over }, NOW)
    if (second === 'changed') throw new Error('changed')
    await states.write(second, { name, fence: 2, run: run('c'.repeat(32)) }, NOW)
    expect(await states.run(name, over.id)).toEqual(over)
    expect((await states.run(name, 'c'.repeat(32)))?.state).toBe('pending')
    expect(await states.run(name, 'd'.repeat(32))).toBeUndefined()
  })

  it('give due rows oldest first, page by page, without leaving one out', async () => {
    const states = createStates(table)
    const made = ['z', 'z-a', 'z-b', 'z0'].map((suffix) => `${fresh()}${suffix}`)
    for (const name of made) await states.schedule(name, 1_000)
    const found: string[] = []
    for (let after: string | undefined; ; ) {
      const rows = await states.due(1_000, 1, after)
      after = rows.at(-1)?.key
      if (after === undefined) break
      found.push(...rows.map(({ name }) => name))
    }
    expect(found).toEqual([...made].sort())
  })

  it('503 storage_unavailable: a row edited into nonsense is no rotation without a run', async () => {
    const name = fresh()
    await table.insert({ partitionKey: name, rowKey: 'state', fence: 3, body: '{"id":"x"}' })
    await expect(createStates(table).read(name)).rejects.toMatchObject({ reason: 'rotation_row_unreadable' })
  })
})
