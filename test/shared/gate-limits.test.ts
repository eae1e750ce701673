import { describe, expect, it } from 'vitest'
import type { Entry } from '../../shared/audit/entry.ts'
import { StorageError } from '../../shared/azure/table.ts'
import { GatewayError } from '../../shared/errors.ts'
import { type Ask, createGate } from '../../shared/gate.ts'
import type { Decision, Obligations } from '../../shared/policy/decision.ts'
import { createLimits } from '../../shared/policy/limits/limits.ts'
import { createMemoryTable, onEveryWrite } from '../support/memory-table.ts'
import { principal } from '../support/principal.ts'

const quota = (count: number, statement = 's') => ({ quotas: [{ statement, count, windowSeconds: 86_400 }] })

/** The door where every question is answered by these obligations, or none of them for other principals. */
function door(obligations: (id: string) => Obligations, beforeWrite = () => {}) {
  const entries: Entry[] = []
  const looked = { up: 0 }
  const limits = createLimits({ table: onEveryWrite(createMemoryTable(), beforeWrite), now: () => 0 })
  const decision = (id: string): Decision => {
    const rest = { reason: 'permitted', statementIds: ['s'], reported: [], revision: 1 }
    return { effect: 'permit', obligations: obligations(id), ...rest }
  }
  const gate = createGate({
    decide: (question) => decision(question.principal.id),
    refreshPolicy: async () => {},
    journal: {
      record: async (entry) => ({ wid: 'w', seq: entries.push(entry), macPrefix: 'm' }),
      follow: () => {},
      close: async () => {},
    },
    limits,
    now: () => 0,
  })
  const ask = (more: Partial<Ask<undefined>> = {}): Ask<undefined> => ({
    ...{ txn: 't', principal: principal({ id: 'me' }), action: 'secret:get', resource: 'secret/main/a', context: {} },
    prepare: async () => {
      looked.up++
      return { handout: {}, sealed: undefined }
    },
    ...more,
  })
  return { gate, limits, entries, looked, ask }
}

const refusal = (act: Promise<unknown>) =>
  act.then(
    () => undefined,
    (error: unknown) => (error instanceof GatewayError ? error : undefined),
  )

describe('the door and its limits', () => {
  it('429 rate_limited: a used-up quota: nothing is looked up, one denial is recorded, the caller has its receipt', async () => {
    const { gate, limits, entries, looked, ask } = door(() => quota(1))
    await gate.admit(ask())
    const error = await refusal(gate.admit(ask({ txn: 'u' })))
    expect(error).toMatchObject({ code: 'rate_limited', extras: { headers: { 'X-Sallyport-Receipt': 'w;2;m' } } })
    expect(entries).toMatchObject([{ kind: 'intent' }, { kind: 'denial', refusal: 'quota_exceeded' }])
    expect(looked.up).toBe(1)
    expect([limits.fieldsOf('t'), limits.fieldsOf('u')]).toMatchObject([
      { RateLimit: '"quota";r=0;t=86400' },
      { RateLimit: '"quota";r=0;t=86400' },
    ])
  })

  it('503 storage_unavailable: what cannot be counted is not given', async () => {
    const down = () => {
      throw new StorageError('unreachable')
    }
    const { gate, looked, ask } = door(() => quota(1), down)
    expect(await refusal(gate.admit(ask()))).toMatchObject({ code: 'storage_unavailable', reason: 'quota_unreachable' })
    expect(looked.up).toBe(0)
  })

  it('counts the actor’s quota for the actor, whoever it acts for', async () => {
    const { gate, ask } = door((id) => (id === 'actor' ? quota(2, 'acts') : {}))
    const actor = principal({ id: 'actor' })
    const acting = (id: string) => refusal(gate.admit(ask({ actor, principal: principal({ id }) })))
    expect([await acting('a'), await acting('b')]).toEqual([undefined, undefined])
    expect(await acting('c')).toMatchObject({ code: 'rate_limited' })
  })

  it('a list counts once, and is refused rather than cut short; the refusal is recorded', async () => {
    const { gate, entries, ask } = door(() => quota(1))
    const { prepare: _, ...listing } = ask({ action: 'secret:list', resource: 'secret' })
    const candidates = async () => ['a', 'b', 'c'].map((item) => ({ resource: `secret/main/${item}`, item }))
    expect((await gate.admitList<string>(listing, candidates)).sealed).toEqual(['a', 'b', 'c'])
    expect(await refusal(gate.admitList<string>(listing, candidates))).toMatchObject({ code: 'rate_limited' })
    expect(entries).toMatchObject([{ kind: 'intent' }, { kind: 'denial', refusal: 'quota_exceeded' }])
  })

  it('costs no write where no limit applies', async () => {
    let writes = 0
    const { gate, limits, ask } = door(
      () => ({}),
      () => void writes++,
    )
    for (let n = 0; n < 10; n++) await gate.admit(ask())
    expect([writes, limits.fieldsOf('t')]).toEqual([0, undefined])
  })
})
