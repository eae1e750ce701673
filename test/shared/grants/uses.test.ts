import { beforeAll, describe, expect, it } from 'vitest'
import { createAzure } from '../../../shared/azure/azure.ts'
import { StorageError, type Table } from '../../../shared/azure/table.ts'
import { grantsOn, outcomeOf } from '../../support/grants.ts'
import { createMemoryTable, onEveryWrite } from '../../support/memory-table.ts'
import { rig } from '../../support/rig.ts'

const local = rig()

const READS = { actions: ['secret:get'], resources: ['secret/main/*'] }
const A = 'secret/main/a'

/** How often each outcome came. */
function tally(outcomes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}

describe('uses on Azurite (T12)', () => {
  let azurite: Table

  beforeAll(async () => {
    await local.createStorage()
    azurite = createAzure(local.config()).table('grants')
  })

  it.each([50, 150])(
    '%i ok, the others uses_exhausted: 16 callers of two instances take one after the other, all at once',
    async (maxUses) => {
      const instances = [await grantsOn(azurite), await grantsOn(azurite)] as const
      const { credential, context } = await instances[0].open({ ...READS, maxUses })
      const rounds = Math.ceil((maxUses + 30) / 16)
      const caller = async (at: number) => {
        const outcomes: string[] = []
        const on = instances[at % 2 === 0 ? 0 : 1]
        for (let round = 0; round < rounds; round++) {
          outcomes.push(await outcomeOf(on.use(credential, 'secret:get', A)))
        }
        return outcomes
      }
      const outcomes = (await Promise.all(Array.from({ length: 16 }, (_, at) => caller(at)))).flat()
      expect(tally(outcomes)).toEqual({ ok: maxUses, 'uses_exhausted uses_exhausted': rounds * 16 - maxUses })
      const found = await instances[1].grants.slots.look(context.terms.id)
      expect(found.left).toBe(0)
      const records: string[] = []
      const partition = { partitionKey: context.terms.id, rowFrom: 'u|', rowBefore: 'u}' }
      for await (const row of azurite.list(partition)) records.push(row.rowKey)
      expect(records).toHaveLength(maxUses)
    },
    60_000,
  )

  it('a group of uses and what is left come out right when the group is larger than a transaction', async () => {
    const on = await grantsOn(azurite)
    const { credential } = await on.open({ ...READS, maxUses: 130 })
    const who = await on.grants.present(credential)
    const outcomes = await Promise.all(Array.from({ length: 140 }, () => outcomeOf(on.act(who, 'secret:get', A))))
    expect(tally(outcomes)).toEqual({ ok: 130, 'uses_exhausted uses_exhausted': 10 })
  })
})

describe.each([3, 300])('a grant with %i uses', (maxUses) => {
  async function opened(table: Table = createMemoryTable()) {
    const on = await grantsOn(table)
    const grant = await on.open({ ...READS, maxUses })
    return { on, ...grant, left: async () => (await on.grants.slots.look(grant.context.terms.id)).left }
  }

  it('takes one use for the same transaction and act, however often; another for another act', async () => {
    const { on, credential, left } = await opened()
    const who = await on.grants.present(credential)
    for (let times = 0; times < 3; times++) await on.act(who, 'secret:get', A, 'txn-1')
    await Promise.all([1, 2, 3].map(() => on.act(who, 'secret:get', A, 'txn-1')))
    expect(await left()).toBe(maxUses - 1)
    await on.act(who, 'secret:get', 'secret/main/b', 'txn-1')
    expect(await left()).toBe(maxUses - 2)
  })

  it('finds the record of a repeat although nothing is left', async () => {
    const { on, credential } = await opened()
    const who = await on.grants.present(credential)
    for (let at = 0; at < maxUses; at++) await on.act(who, 'secret:get', A, `txn-${at}`)
    expect(await outcomeOf(on.act(who, 'secret:get', A, 'txn-0'))).toBe('ok')
    expect(await outcomeOf(on.act(who, 'secret:get', A, 'another'))).toBe('uses_exhausted uses_exhausted')
    expect(on.entries.at(-1)).toMatchObject({ kind: 'denial', refusal: 'uses_exhausted' })
  })

  it('is spent before anything is recorded: who dies in between has lost a use and gained none', async () => {
    const { on, credential, left } = await opened()
    on.hooks.beforeRecord = () => Promise.reject(new Error('killed'))
    await expect(on.use(credential, 'secret:get', A)).rejects.toThrow('killed')
    expect(await left()).toBe(maxUses - 1)
  })

  it('is not spent by a denial', async () => {
    const { on, credential, left } = await opened()
    expect(await outcomeOf(on.use(credential, 'secret:get', 'token/x'))).toBe('access_denied outside_grant')
    expect(await left()).toBe(maxUses)
  })

  it('ok: storage timed out after it had written; the record says so, and no second use goes', async () => {
    const inner = createMemoryTable()
    let unknown = false
    const table: Table = {
      ...inner,
      transact: async (changes) => {
        const answer = await inner.transact(changes)
        if (!unknown) return answer
        unknown = false
        throw new StorageError('timeout')
      },
    }
    const { on, credential, left } = await opened(table)
    unknown = true
    expect(await outcomeOf(on.use(credential, 'secret:get', A))).toBe('ok')
    expect(await left()).toBe(maxUses - 1)
  })

  it('storage_unavailable: storage is down; nothing is recorded', async () => {
    const inner = createMemoryTable()
    let isDown = false
    const table = onEveryWrite(inner, () => {
      if (isDown) throw new StorageError('unreachable')
    })
    const { on, credential, left } = await opened(table)
    isDown = true
    const before = on.entries.length
    expect(await outcomeOf(on.use(credential, 'secret:get', A))).toBe('storage_unavailable grants_unreachable')
    isDown = false
    expect([on.entries.slice(before).map(({ kind }) => kind), await left()]).toEqual([['denial'], maxUses])
  })

  it('storage_unavailable: whoever always comes in between makes it give up in time, and nothing is lost', async () => {
    const inner = createMemoryTable()
    let inTheWay = false
    const table: Table = { ...inner, transact: async (changes) => (inTheWay ? 'conflict' : inner.transact(changes)) }
    const { on, credential, left } = await opened(table)
    inTheWay = true
    expect(await outcomeOf(on.use(credential, 'secret:get', A))).toBe('storage_unavailable grant_contended')
    inTheWay = false
    expect(await left()).toBe(maxUses)
  })

  it('access_denied grant_revoked: revoked while it waited for its turn', async () => {
    const inner = createMemoryTable()
    const hook: { once?: (() => Promise<void>) | undefined } = {}
    const table: Table = {
      ...inner,
      transact: async (changes) => {
        const run = hook.once
        hook.once = undefined
        if (!run) return inner.transact(changes)
        await run()
        return 'conflict'
      },
    }
    const { on, credential, context } = await opened(table)
    hook.once = async () => {
      await on.grants.store.change(context.terms.id, ({ status }) => ({ status: { ...status, state: 'revoked' } }))
    }
    expect(await outcomeOf(on.use(credential, 'secret:get', A))).toBe('access_denied grant_revoked')
  })

  it('loses uses and never gives one when its process is killed at any write', async () => {
    for (let killedAt = 1; killedAt <= 4; killedAt++) {
      const inner = createMemoryTable()
      const { context, credential } = await (await grantsOn(inner)).open({ ...READS, maxUses })
      const dying = await grantsOn(
        onEveryWrite(inner, (count) => {
          if (count >= killedAt) throw new Error('killed')
        }),
      )
      let released = 0
      for (let tries = 0; tries < 5; tries++) {
        const outcome = await dying.use(credential, 'secret:get', A).then(
          () => 1,
          () => 0,
        )
        released += outcome
      }
      const on = await grantsOn(inner)
      const { left } = await on.grants.slots.look(context.terms.id)
      expect(released + left).toBeLessThanOrEqual(maxUses)
      expect(released).toBe(Math.min(killedAt - 1, maxUses))
    }
  })
})
