import { describe, expect, it } from 'vitest'
import { grantsOn, outcomeOf } from '../../support/grants.ts'

const WISH = { actions: ['secret:get'], resources: ['secret/main/a'] }

/** Two holders of one credential renew at once: the other one is through at a moment in the middle of ours. */
async function renewedAt(moment: 'presented' | 'refresh' | 'beforeRecord') {
  const on = await grantsOn()
  const { credential, context } = await on.open(WISH)
  const { id } = context.terms
  const present = async () => {
    const presented = await on.grants.presentForRenewal(credential)
    if (!presented) throw new Error('not a credential')
    return presented
  }
  const renew = ({ principal, shown }: Awaited<ReturnType<typeof present>>, operation: string) => {
    const caller = { txn: operation, principal, context: {} }
    return on.grants.renew({ caller, id, operation: { id: operation, answered: false }, shown })
  }
  const other = async () => {
    delete on.hooks.refresh
    delete on.hooks.beforeRecord
    await renew(await present(), 'other')
  }
  const mine = await present()
  if (moment === 'presented') await other()
  else on.hooks[moment] = other
  const outcome = await outcomeOf(renew(mine, 'mine'))
  return { outcome, locks: on.locks, id }
}

describe('a grant that somebody else renews in the middle of a renewal', () => {
  it.each(['presented', 'refresh', 'beforeRecord'] as const)(
    'is locked and told, not only refused: two hold its credential (%s)',
    async (moment) => {
      const { outcome, locks, id } = await renewedAt(moment)
      expect(outcome).toBe('grant_locked grant_cloned')
      expect(locks).toEqual([id])
    },
  )
})
