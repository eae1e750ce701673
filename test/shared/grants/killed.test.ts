import { describe, expect, it } from 'vitest'
import { DelegationRequest } from '../../../shared/grants/delegate.ts'
import { grantsOn, outcomeOf } from '../../support/grants.ts'
import { createMemoryTable, onEveryWrite } from '../../support/memory-table.ts'

const WISH = { actions: ['secret:get'], resources: ['secret/main/a'] }
const USES = 5
const HANDED = 3

/** A table that its process writes to until the given write: from then on it is dead. */
function dyingAt(write: number) {
  const table = createMemoryTable()
  const fatal = { at: Number.POSITIVE_INFINITY, seen: 0 }
  const dying = onEveryWrite(table, () => {
    if (++fatal.seen >= fatal.at) throw new Error('killed')
  })
  return {
    table,
    dying,
    arm: () => Object.assign(fatal, { at: fatal.seen + write }),
  }
}

const delegation = (caller: object, id: string) => {
  const { reason: _, ...wish } = DelegationRequest.parse({ ...WISH, ttl: '10m', maxUses: HANDED })
  return { caller, id, wish, operation: { id: 'one-operation', answered: false } } as never
}

type On = Awaited<ReturnType<typeof grantsOn>>

async function usesOf(on: On, credential: string): Promise<number> {
  let taken = 0
  while ((await outcomeOf(on.use(credential, 'secret:get', 'secret/main/a'))) === 'ok') taken++
  return taken
}

const callerBy = async (on: On, credential: string) => ({
  ...{ txn: 'txn', principal: await on.grants.present(credential), context: {} },
})

describe('a process killed while it delegates (T12, T13)', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'loses uses at most and makes none: dead at write %i, and never tried again',
    async (write) => {
      const { table, dying, arm } = dyingAt(write)
      const first = await grantsOn(dying)
      const parent = await first.open({ ...WISH, maxUses: USES })
      const caller = await callerBy(first, parent.credential)
      arm()
      const made = await first.grants.delegate(delegation(caller, parent.context.terms.id)).catch(() => undefined)
      const second = await grantsOn(table)
      const child = made ? await usesOf(second, made.credential) : 0
      const left = await usesOf(second, parent.credential)
      expect([USES, USES - HANDED]).toContain(left)
      expect(child + left).toBeLessThanOrEqual(USES)
      if (made) expect([child, left]).toEqual([HANDED, USES - HANDED])
    },
  )

  it.each([1, 2, 3, 4, 5, 6])('tried again: one child, its uses taken once: dead at write %i', async (write) => {
    const { table, dying, arm } = dyingAt(write)
    const first = await grantsOn(dying)
    const parent = await first.open({ ...WISH, maxUses: USES })
    const caller = await callerBy(first, parent.credential)
    arm()
    await first.grants.delegate(delegation(caller, parent.context.terms.id)).catch(() => undefined)
    const second = await grantsOn(table)
    const again = delegation(await callerBy(second, parent.credential), parent.context.terms.id)
    const made = await second.grants.delegate(again)
    expect((await second.grants.delegate(again)).context.terms.id).toBe(made.context.terms.id)
    expect([await usesOf(second, made.credential), await usesOf(second, parent.credential)]).toEqual([
      HANDED,
      USES - HANDED,
    ])
  })
})

describe('a process killed while it renews', () => {
  it.each([1, 2])('an honest repeat locks nothing and is one generation on: dead at write %i', async (write) => {
    const { table, dying, arm } = dyingAt(write)
    const first = await grantsOn(dying)
    const { context, credential } = await first.open(WISH)
    const { id } = context.terms
    const renewing = async (on: On, operation = 'one-operation') => {
      const presented = await on.grants.presentForRenewal(credential)
      const caller = { txn: 'txn', principal: presented?.principal, context: {} }
      return on.grants.renew({
        caller,
        id,
        shown: presented?.shown,
        operation: { id: operation, answered: false },
      } as never)
    }
    arm()
    await renewing(first).catch(() => undefined)
    const second = await grantsOn(table)
    const renewed = await renewing(second)
    expect(renewed.context.status).toMatchObject({ state: 'active', generation: 2 })
    expect(await outcomeOf(second.use(renewed.credential, 'secret:get', 'secret/main/a'))).toBe('ok')
    expect(await outcomeOf(renewing(second, 'another'))).toBe('grant_locked grant_cloned')
    expect(await outcomeOf(second.use(renewed.credential, 'secret:get', 'secret/main/a'))).toContain('grant_locked')
  })
})
