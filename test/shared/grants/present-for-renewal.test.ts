import { describe, expect, it } from 'vitest'
import { grantsOn, outcomeOf } from '../../support/grants.ts'

const WISH = { actions: ['secret:get'], resources: ['secret/main/a'] }

describe('a credential of a locked grant at its renewal', () => {
  it('grant_locked, and each try is counted for the journal like every refused credential', async () => {
    const on = await grantsOn()
    const { credential, context } = await on.open(WISH)
    const { id } = context.terms
    const renew = async (operation: string) => {
      const presented = await on.grants.presentForRenewal(credential)
      if (!presented) throw new Error('not a credential')
      const caller = { txn: operation, principal: presented.principal, context: {} }
      await on.grants.renew({ caller, id, operation: { id: operation, answered: false }, shown: presented.shown })
    }
    await renew('one')
    expect(await outcomeOf(renew('two'))).toBe('grant_locked grant_cloned')
    expect(on.refusals).toEqual([])
    for (let n = 0; n < 2; n++) expect(await outcomeOf(renew('again'))).toBe('grant_locked grant_cloned')
    expect(on.refusals).toEqual(['own grant_locked', 'own grant_locked'])
  })
})
