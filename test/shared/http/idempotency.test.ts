import { describe, expect, it } from 'vitest'
import { StorageError } from '../../../shared/azure/table.ts'
import { GatewayError } from '../../../shared/errors.ts'
import type { Attempt } from '../../../shared/http/idempotency.ts'
import { idempotencyOn } from '../../support/idempotency.ts'
import { createMemoryTable } from '../../support/memory-table.ts'

const NOW = Date.UTC(2026, 10, 25, 14, 30)
const MINUTE = 60_000

function rig(table = createMemoryTable()) {
  const clock = { now: NOW }
  const tries: Attempt[] = []
  const act = async (attempt: Attempt) => {
    tries.push(attempt)
    return { status: 201, json: attempt.id }
  }
  return { table, clock, tries, act, one: idempotencyOn(table, clock), other: idempotencyOn(table, clock) }
}

const fails = (code: 'access_denied' | 'vault_unavailable') => async () => {
  throw new GatewayError(code, 'test')
}

describe('Idempotency-Key (T42)', () => {
  it('without a key every request is a try of its own, and storage is not asked', async () => {
    const { one, act, table, tries } = rig()
    await one.send({}, act)
    await one.send({}, act)
    expect(tries).toEqual([
      { id: 'txn-1', repeated: false, answered: false },
      { id: 'txn-2', repeated: false, answered: false },
    ])
    expect(table.rows()).toEqual([])
  })

  it('the same status for a repeat, which is made again under the id of the first', async () => {
    const { one, other, act, tries } = rig()
    expect(await one.send({ key: 'k' }, act)).toEqual({ status: 201, json: 'txn-1' })
    const again = await other.send({ key: 'k' }, async (attempt) => ({ ...(await act(attempt)), status: 200 }))
    expect(again).toEqual({ status: 201, json: 'txn-1' })
    expect(tries[1]).toEqual({ id: 'txn-1', repeated: true, answered: true })
  })

  it('403: a repeat that is refused now is refused, and so would be the next', async () => {
    const { one, act, clock } = rig()
    await one.send({ key: 'k' }, act)
    await expect(one.send({ key: 'k' }, fails('access_denied'))).rejects.toMatchObject({ code: 'access_denied' })
    expect(await one.send({ key: 'k' }, act)).toMatchObject({ json: 'txn-1' })
    clock.now += 6 * MINUTE
    await expect(one.send({ key: 'k' }, act)).rejects.toMatchObject({ code: 'idempotency_expired' })
  })

  it('429 in_progress while the first runs, on any instance; exactly one of many acts', async () => {
    const { one, other, act, tries } = rig()
    const { promise, resolve } = Promise.withResolvers<void>()
    const slow = async (attempt: Attempt) => {
      await promise
      return act(attempt)
    }
    const all = Array.from({ length: 20 }, (_, at) => (at % 2 ? one : other).send({ key: 'k' }, slow))
    const settled = Promise.allSettled(all)
    await expect(Promise.race(all)).rejects.toMatchObject({ code: 'in_progress', extras: { retryAfterSeconds: 2 } })
    resolve()
    const outcomes = await settled
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(tries).toHaveLength(1)
  })

  it('422 idempotency_mismatch: another body, while it runs and afterwards; nothing is done', async () => {
    const { one, act, tries } = rig()
    await one.send({ key: 'k' }, async (attempt) => {
      const meanwhile = one.send({ key: 'k', body: '{}' }, act)
      await expect(meanwhile).rejects.toMatchObject({ code: 'idempotency_mismatch' })
      return act(attempt)
    })
    const afterwards = one.send({ key: 'k', body: '{"a":1} ' }, act)
    await expect(afterwards).rejects.toMatchObject({ code: 'idempotency_mismatch' })
    expect(tries).toHaveLength(1)
  })

  it('another principal, grant, method or path is another request', async () => {
    const { one, act, tries, table } = rig()
    const others = [
      {},
      { who: 'entra:t:p' },
      { through: 'g1' },
      { through: 'g2' },
      { method: 'PUT' },
      { path: '/v1/x' },
    ]
    for (const other of others) await one.send({ key: 'k', ...other }, act)
    expect(tries.map(({ repeated }) => repeated)).toEqual(others.map(() => false))
    expect(table.rows()).toHaveLength(others.length)
  })

  it('keeps a keyed hash of the body and a hash of the key for a day, filed under its first two digits', async () => {
    const { one, act, table } = rig()
    await one.send({ key: 'my-key', body: '{"value":"hunter2"}' }, act)
    const [row] = table.rows()
    expect(row).toMatchObject({ id: 'txn-1', state: 'answered', status: 201, expires: '2026-11-26T14:30:00.000Z' })
    expect(row?.rowKey).toMatch(/^[0-9a-f]{64}$/)
    expect(row?.partitionKey).toBe(`idem|${row?.rowKey.slice(0, 2)}`)
    expect(row?.['body']).toMatch(/^[\w-]{43}$/)
    expect(JSON.stringify(row)).not.toMatch(/my-key|hunter2|entra:t:o/)
  })

  it('409 idempotency_expired later than five minutes after the first answer; a new operation after a day', async () => {
    const { one, act, clock, tries } = rig()
    await one.send({ key: 'k' }, act)
    clock.now += 5 * MINUTE
    expect(await one.send({ key: 'k' }, act)).toMatchObject({ json: 'txn-1' })
    clock.now += 1
    await expect(one.send({ key: 'k' }, act)).rejects.toMatchObject({ code: 'idempotency_expired' })
    clock.now = NOW + 24 * 60 * MINUTE
    expect(await one.send({ key: 'k', body: '{}' }, act)).toMatchObject({ json: 'txn-4' })
    expect(tries.at(-1)).toMatchObject({ repeated: false })
  })
})

describe('a try that did not come to its end', () => {
  it('killed: nobody runs it for a minute, then exactly one of many resumes it under the same id', async () => {
    const { one, other, act, clock, tries } = rig()
    const died = one.send({ key: 'k' }, () => new Promise(() => {}))
    void died
    await expect.poll(() => other.send({ key: 'k' }, act).catch(({ code }) => code)).toBe('in_progress')
    clock.now += MINUTE
    await expect(other.send({ key: 'k' }, act)).rejects.toMatchObject({ code: 'in_progress' })
    clock.now += 1
    const again = await Promise.allSettled(
      Array.from({ length: 10 }, (_, at) => (at % 2 ? one : other).send({ key: 'k' }, act)),
    )
    expect(tries.filter(({ answered }) => !answered)).toEqual([{ id: 'txn-1', repeated: true, answered: false }])
    expect(again.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(1)
  })

  it('one that was taken for dead and comes back does not undo what its successor wrote', async () => {
    const { one, other, act, clock, table } = rig()
    const { promise, resolve } = Promise.withResolvers<void>()
    const late = one.send({ key: 'k' }, async () => {
      await promise
      throw new GatewayError('access_denied', 'test')
    })
    await expect.poll(() => table.rows().length).toBe(1)
    clock.now += MINUTE + 1
    expect(await other.send({ key: 'k' }, act)).toMatchObject({ json: 'txn-1' })
    resolve()
    await expect(late).rejects.toMatchObject({ code: 'access_denied' })
    expect(table.rows()).toMatchObject([{ state: 'answered', status: 201 }])
  })

  it('4xx: nothing was done, so the key is free, also for another body', async () => {
    const { one, act, table } = rig()
    await expect(one.send({ key: 'k' }, fails('access_denied'))).rejects.toMatchObject({ code: 'access_denied' })
    expect(await one.send({ key: 'k' }, async () => ({ status: 404 }))).toEqual({ status: 404 })
    expect(table.rows()).toEqual([])
    expect(await one.send({ key: 'k', body: '{}' }, act)).toMatchObject({ json: 'txn-3' })
  })

  it.each([
    ['503', fails('vault_unavailable')],
    ['500', async () => Promise.reject(new TypeError('bug'))],
  ])(
    '%s: it may have been done, so the retry comes at once, under the same id, with the same body only',
    async (_, act) => {
      const on = rig()
      await expect(on.one.send({ key: 'k' }, act)).rejects.toThrow()
      await expect(on.other.send({ key: 'k', body: '{}' }, on.act)).rejects.toMatchObject({
        code: 'idempotency_mismatch',
      })
      await on.other.send({ key: 'k' }, on.act)
      expect(on.tries).toEqual([{ id: 'txn-1', repeated: true, answered: false }])
    },
  )

  it('a resumed one that is refused keeps the id: what the first may have done is still to be found', async () => {
    const { one, act, tries } = rig()
    await expect(one.send({ key: 'k' }, fails('vault_unavailable'))).rejects.toThrow()
    await expect(one.send({ key: 'k' }, fails('access_denied'))).rejects.toThrow()
    await one.send({ key: 'k' }, act)
    expect(tries).toEqual([{ id: 'txn-1', repeated: true, answered: false }])
  })
})

describe('what storage does', () => {
  it('503 storage_unavailable and nothing done: down', async () => {
    const down = async () => {
      throw new StorageError('unreachable')
    }
    const { one, act, tries } = rig({ ...createMemoryTable(), insert: down })
    const refusal = { code: 'storage_unavailable', reason: 'idempotency_unreachable' }
    await expect(one.send({ key: 'k' }, act)).rejects.toMatchObject(refusal)
    expect(tries).toEqual([])
  })

  it('a write that had committed and was retried is one’s own', async () => {
    const table = createMemoryTable()
    const twice = {
      ...table,
      insert: async (row: Parameters<typeof table.insert>[0]) => {
        await table.insert(row)
        return table.insert(row)
      },
      replace: async (...args: Parameters<typeof table.replace>) => {
        await table.replace(...args)
        return table.replace(...args)
      },
    }
    const { one, act, clock, tries } = rig(twice)
    await expect(one.send({ key: 'k' }, fails('vault_unavailable'))).rejects.toThrow()
    clock.now += MINUTE + 1
    await one.send({ key: 'k' }, act)
    expect(tries).toEqual([{ id: 'txn-1', repeated: true, answered: false }])
  })

  it('an answer that could not be noted is an answer all the same; its key is resumed, never done anew', async () => {
    const table = createMemoryTable()
    let isDown = true
    const replace: typeof table.replace = (...args) =>
      isDown ? Promise.reject(new StorageError('timeout')) : table.replace(...args)
    const { one, act, clock, tries } = rig({ ...table, replace })
    expect(await one.send({ key: 'k' }, act)).toMatchObject({ status: 201 })
    isDown = false
    clock.now += MINUTE + 1
    await one.send({ key: 'k' }, act)
    expect(tries.at(-1)).toEqual({ id: 'txn-1', repeated: true, answered: false })
  })
})

describe('the key and the bytes', () => {
  it.each(['', 'k'.repeat(129), 'ké', 'a\tb', 'a\u007f'])('400 invalid_request: %j', async (key) => {
    const { one, act, tries } = rig()
    await expect(one.send({ key }, act)).rejects.toMatchObject({ code: 'invalid_request', reason: 'idempotency_key' })
    expect(tries).toEqual([])
  })

  it.each(['k', '"quoted, as the draft of the IETF has it"', '~'.repeat(128)])('takes %j', async (key) => {
    const { one, act, tries } = rig()
    await one.send({ key }, act)
    expect(tries).toHaveLength(1)
  })

  it('a fresh client assertion says who calls, not what for: the same form is the same request', async () => {
    const { one, act } = rig()
    const type = 'application/x-www-form-urlencoded; charset=utf-8'
    const form = (assertion: string, target = 'a') => `grant_type=x&client_assertion=${assertion}&audience=${target}`
    await one.send({ key: 'k', type, body: form('one') }, act)
    expect(await one.send({ key: 'k', type, body: form('two') }, act)).toMatchObject({ json: 'txn-1' })
    const other = one.send({ key: 'k', type, body: form('two', 'b') }, act)
    await expect(other).rejects.toMatchObject({ code: 'idempotency_mismatch' })
  })
})
