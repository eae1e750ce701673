import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StorageError, type Table } from '../../../../shared/azure/table.ts'
import { createQuotas } from '../../../../shared/policy/limits/quotas.ts'
import { createMemoryTable, onEveryWrite } from '../../../support/memory-table.ts'

// policy-and-grants.md: "exact windows only through the table"; security.md §5 and T12.

const DAY_MS = 86_400_000
const daily = (count: number, statement = 's') => ({ statement, count, windowSeconds: 86_400 })
const perMinute = (count: number, statement = 'm') => ({ statement, count, windowSeconds: 60 })

const setup = (table: Table = createMemoryTable(), at = 1_000) => {
  const clock = { at }
  return { clock, quotas: createQuotas({ table, serverNow: () => clock.at }) }
}

type Answer = { waitSeconds?: number }[]
const through = (answers: Answer[]) => answers.filter((limits) => limits.every((one) => one.waitSeconds === undefined))

describe('quotas', () => {
  it('says what is left, and until when nothing is', async () => {
    const { quotas, clock } = setup()
    clock.at = DAY_MS - 90_500
    const left = { name: 'quota', count: 2, windowSeconds: 86_400, resetSeconds: 91 }
    expect(await quotas.take('p', [daily(2)])).toEqual([{ ...left, remaining: 1 }])
    expect(await quotas.take('p', [daily(2)])).toEqual([{ ...left, remaining: 0 }])
    expect(await quotas.take('p', [daily(2)])).toEqual([{ ...left, remaining: 0, waitSeconds: 91 }])
    clock.at = DAY_MS
    expect(await quotas.take('p', [daily(2)])).toMatchObject([{ remaining: 1, resetSeconds: 86_400 }])
  })

  it('counts principals and statements apart', async () => {
    const { quotas } = setup()
    const taken = [
      quotas.take('p', [daily(1, 'a')]),
      quotas.take('p', [daily(1, 'b')]),
      quotas.take('q', [daily(1, 'a')]),
    ]
    expect(through(await Promise.all(taken))).toHaveLength(3)
    expect(through([await quotas.take('p', [daily(1, 'a')])])).toHaveLength(0)
  })

  it('gives exactly the quota to 160 requests of two instances, with a write for many of them (T12)', async () => {
    let writes = 0
    const table = onEveryWrite(createMemoryTable(), async () => {
      writes++
      // Others get in between, as they do on the way to a server.
      await new Promise((turn) => setImmediate(turn))
    })
    const [one, other] = [setup(table).quotas, setup(table).quotas]
    const asked = Array.from({ length: 160 }, (_, at) => (at % 2 ? one : other).take('p', [daily(50)]))
    expect(through(await Promise.all(asked))).toHaveLength(50)
    expect(writes).toBeLessThan(50)
  })

  it('gives exactly the quota whatever the instances, the requests and their order', async () => {
    const requests = fc.array(fc.record({ at: fc.nat(2), pause: fc.boolean() }), { minLength: 1, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(requests, fc.integer({ min: 1, max: 20 }), async (list, count) => {
        const table = onEveryWrite(createMemoryTable(), () => new Promise((turn) => setImmediate(turn)))
        const instances = Array.from({ length: 3 }, () => setup(table).quotas)
        const asked: Promise<Answer>[] = []
        for (const { at, pause } of list) {
          if (pause) await new Promise((turn) => setImmediate(turn))
          asked.push((instances[at] as (typeof instances)[number]).take('p', [daily(count)]))
        }
        expect(through(await Promise.all(asked))).toHaveLength(Math.min(count, list.length))
      }),
      { numRuns: 60 },
    )
  })

  it('is not lost with the process: a new one goes on where the old one was', async () => {
    const table = createMemoryTable()
    for (let n = 0; n < 3; n++) await setup(table).quotas.take('p', [daily(3)])
    expect(through([await setup(table).quotas.take('p', [daily(3)])])).toHaveLength(0)
  })

  it('asks a short window first: what it refuses costs the long one nothing', async () => {
    const table = createMemoryTable()
    const { quotas, clock } = setup(table)
    for (let n = 0; n < 5; n++) await quotas.take('p', [daily(3), perMinute(1)])
    clock.at += 60_000
    expect(await quotas.take('p', [daily(3), perMinute(1)])).toMatchObject([{ remaining: 0 }, { remaining: 1 }])
  })

  it('writes nothing once a window is used up', async () => {
    let writes = 0
    const { quotas } = setup(onEveryWrite(createMemoryTable(), () => void writes++))
    for (let n = 0; n < 3; n++) await quotas.take('p', [daily(2)])
    const used = writes
    for (let n = 0; n < 50; n++) await quotas.take('p', [daily(2)])
    expect(writes).toBe(used)
  })

  it('503 storage_unavailable: gives nothing while it cannot count, and everything that is left afterwards', async () => {
    const inner = createMemoryTable()
    let down = true
    const table = onEveryWrite(inner, () => {
      if (down) throw new StorageError('unreachable')
    })
    const { quotas } = setup(table)
    const refused = await quotas.take('p', [daily(2)]).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'storage_unavailable', reason: 'quota_unreachable' })
    down = false
    expect(await quotas.take('p', [daily(2)])).toMatchObject([{ remaining: 1 }])
  })

  it('never gives again what a write that timed out had counted', async () => {
    const inner = createMemoryTable()
    const lost = new Set([2])
    let writes = 0
    const table: Table = {
      ...inner,
      replace: async (row, etag) => {
        const written = await inner.replace(row, etag)
        if (lost.has(++writes)) throw new StorageError('timeout')
        return written
      },
    }
    const { quotas } = setup(table)
    const answers: Answer[] = []
    for (let n = 0; n < 10; n++) {
      await quotas.take('p', [daily(5)]).then(
        (limits) => answers.push(limits),
        () => undefined,
      )
    }
    expect(through(answers).length).toBeLessThanOrEqual(5)
    expect(through(answers).length).toBeGreaterThanOrEqual(4)
  })

  it.each([-1, 1.5, 'x', true])('an edited row (%j) gives nothing', async (used) => {
    const table = createMemoryTable()
    const { quotas } = setup(table)
    await quotas.take('p', [daily(5)])
    const [row] = table.rows()
    if (!row) throw new Error('no row')
    await table.replace({ ...row, used }, row.etag)
    expect(through([await setup(table).quotas.take('p', [daily(5)])])).toHaveLength(0)
  })
})
