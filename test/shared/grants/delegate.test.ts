import { describe, expect, it } from 'vitest'
import { DelegationRequest } from '../../../shared/grants/delegate.ts'
import { grantsOn, outcomeOf } from '../../support/grants.ts'

const WISH = { actions: ['secret:get'], resources: ['secret/main/a'] }

type On = Awaited<ReturnType<typeof grantsOn>>

async function delegateBy(on: On, { credential, id }: { credential: string; id: string }, operation: string) {
  const { reason: _, ...wish } = DelegationRequest.parse({ ...WISH, ttl: '10m' })
  const caller = { txn: 'txn', principal: await on.grants.present(credential), context: {} }
  return on.grants.delegate({ caller, id, wish, operation: { id: operation, answered: false } })
}

async function openedOn(on: On) {
  const { credential, context } = await on.open(WISH)
  return { credential, id: context.terms.id }
}

describe('a delegation under the operation of another one (a key row was edited)', () => {
  it('409 conflict: the child of another grant is not handed out (T13)', async () => {
    const on = await grantsOn()
    const theirs = await openedOn(on)
    const mine = await openedOn(on)
    await delegateBy(on, theirs, 'their-operation')
    expect(await outcomeOf(delegateBy(on, mine, 'their-operation'))).toBe('conflict grant_of_another')
  })

  it('gives its own child again', async () => {
    const on = await grantsOn()
    const mine = await openedOn(on)
    const first = await delegateBy(on, mine, 'my-operation')
    const again = await delegateBy(on, mine, 'my-operation')
    expect(again.context.terms.id).toBe(first.context.terms.id)
  })
})
