import { describe, expect, it } from 'vitest'
import type { Entry, Journal } from '../../shared/audit/entry.ts'
import { GatewayError } from '../../shared/errors.ts'
import { type Ask, createGate, Grant } from '../../shared/gate.ts'
import type { Decision, Obligations } from '../../shared/policy/decision.ts'
import { Secret } from '../../shared/secrets/secret.ts'
import { memoryLimits } from '../support/limits.ts'
import { principal } from '../support/principal.ts'

const RESOURCE = 'secret/main/a'
const decision = (effect: Decision['effect'], obligations: Obligations = {}): Decision => ({
  effect,
  reason: effect === 'permit' ? 'permitted' : 'no_permit',
  statementIds: ['s1'],
  reported: [],
  obligations,
  revision: 7,
})

/** A journal in memory: what is durable, in order; `failing` stands for storage that does not answer. */
function memoryJournal() {
  const entries: Entry[] = []
  let failing = false
  const journal: Journal = {
    record: async (entry) => {
      if (failing) throw new GatewayError('journal_unavailable', 'deadline')
      entries.push(entry)
      return { wid: 'w', seq: entries.length, macPrefix: 'm' }
    },
    follow: (entry) => entries.push(entry),
    close: async () => {},
  }
  return { journal, entries, fail: () => (failing = true) }
}

function door(decide: () => Decision, refreshPolicy: () => Promise<void> = async () => {}) {
  const memory = memoryJournal()
  return {
    ...memory,
    gate: createGate({ decide, refreshPolicy, journal: memory.journal, limits: memoryLimits(() => 0), now: () => 0 }),
  }
}

const ask = (overrides: Partial<Ask<Secret>> = {}): Ask<Secret> => ({
  txn: 't1',
  principal: principal(),
  action: 'secret:get',
  resource: RESOURCE,
  context: {},
  prepare: async () => ({ handout: { version: 'v1', valueHash: 'h' }, sealed: new Secret('canary', RESOURCE) }),
  ...overrides,
})

const refusalOf = async (act: Promise<unknown>) => {
  const error = await act.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return error instanceof GatewayError ? error : undefined
}

describe('admit', () => {
  it('records an intent that names the hand-out before the Grant exists', async () => {
    const { gate, entries } = door(() => decision('permit'))
    const grant = await gate.admit(ask())
    expect(entries).toMatchObject([{ kind: 'intent', txn: 't1', resource: RESOURCE, handout: { version: 'v1' } }])
    expect(grant.sealed.reveal(grant)).toBe('canary')
  })

  it('403 access_denied: never looks up, records one denial and gives its receipt', async () => {
    let lookedUp = false
    const { gate, entries } = door(() => decision('deny'))
    const prepare = async () => {
      lookedUp = true
      return { handout: {}, sealed: new Secret('x') }
    }
    const error = await refusalOf(gate.admit(ask({ prepare })))
    expect(error).toMatchObject({ code: 'access_denied', extras: { headers: { 'X-Sallyport-Receipt': 'w;1;m' } } })
    expect([lookedUp, entries.map(({ kind }) => kind)]).toEqual([false, ['denial']])
  })

  it('503 journal_unavailable: no Grant when the intent is not durable (T27)', async () => {
    const { gate, fail } = door(() => decision('permit'))
    fail()
    expect((await refusalOf(gate.admit(ask())))?.code).toBe('journal_unavailable')
  })

  it('503 journal_unavailable: a refusal that cannot be recorded is no 403 either', async () => {
    const { gate, fail } = door(() => decision('deny'))
    fail()
    expect((await refusalOf(gate.admit(ask())))?.code).toBe('journal_unavailable')
  })

  it.each([
    ['reason_required', { requireReason: true }],
    ['dpop_required', { requireDpop: true }],
    ['handle_required', { oneTime: true }],
    ['approval_required', { approval: { count: 1, approvers: [] } }],
  ] as const)('403 %s: an unmet obligation, before the look-up', async (code, obligations) => {
    const { gate, entries } = door(() => decision('permit', obligations))
    const prepare = () => Promise.reject(new Error('looked up'))
    expect((await refusalOf(gate.admit(ask({ prepare }))))?.code).toBe(code)
    expect(entries).toMatchObject([{ kind: 'denial' }])
  })

  it('429 rate_limited: more than the permits’ rate, recorded, with the time to wait', async () => {
    const { gate, entries } = door(() => decision('permit', { rate: { count: 2, windowSeconds: 60 } }))
    await gate.admit(ask())
    await gate.admit(ask())
    const error = await refusalOf(gate.admit(ask()))
    expect(error).toMatchObject({ code: 'rate_limited', extras: { retryAfterSeconds: 30 } })
    expect(entries.map(({ kind }) => kind)).toEqual(['intent', 'intent', 'denial'])
    expect((await gate.admit(ask({ principal: principal({ id: 'entra:t:other' }) }))).txn).toBe('t1')
  })

  it('records what the look-up refused as a denial', async () => {
    const { gate, entries } = door(() => decision('permit'))
    const prepare = () => Promise.reject(new GatewayError('secret_not_found', 'no_such_version'))
    expect((await refusalOf(gate.admit(ask({ prepare }))))?.code).toBe('secret_not_found')
    expect(entries).toMatchObject([{ kind: 'denial', refusal: 'no_such_version' }])
  })

  it('refuses a MUTATE act whose permission ended while the intent was written (T11)', async () => {
    let permitted = true
    const { gate, entries, journal } = door(() => decision(permitted ? 'permit' : 'deny'))
    const record = journal.record
    journal.record = async (entry) => {
      permitted = false
      return record(entry)
    }
    const error = await refusalOf(gate.admit(ask({ action: 'secret:set' })))
    expect(error?.reason).toBe('policy_changed_meanwhile')
    expect(error?.extras.headers).toEqual({ 'X-Sallyport-Receipt': 'w;1;m' })
    expect(entries).toMatchObject([{ kind: 'intent' }, { kind: 'result', outcome: 'failed' }])
  })

  it('reads the policy before a MUTATE act is decided: a permit that ended writes no intent and looks nothing up (T11)', async () => {
    let permitted = true
    const refreshPolicy = async () => {
      permitted = false
    }
    const { gate, entries } = door(() => decision(permitted ? 'permit' : 'deny'), refreshPolicy)
    const prepare = () => Promise.reject(new Error('looked up'))
    expect((await refusalOf(gate.admit(ask({ action: 'secret:set', prepare }))))?.code).toBe('access_denied')
    expect(entries.map(({ kind }) => kind)).toEqual(['denial'])
  })

  it('503 policy_unavailable: a MUTATE act whose obligations changed while the intent was written (T11)', async () => {
    let obligations: Obligations = { maxTtlSeconds: 900 }
    const { gate, entries, journal } = door(() => decision('permit', obligations))
    const record = journal.record
    journal.record = async (entry) => {
      obligations = { maxTtlSeconds: 60, oneTime: true }
      return record(entry)
    }
    expect(await refusalOf(gate.admit(ask({ action: 'token:issueWrite' })))).toMatchObject({
      code: 'policy_unavailable',
      reason: 'obligations_changed_meanwhile',
    })
    expect(entries).toMatchObject([{ kind: 'intent' }, { kind: 'result', outcome: 'failed' }])
  })

  it('refuses a MUTATE act when the policy cannot be re-read', async () => {
    const down = () => Promise.reject(new GatewayError('policy_unavailable', 'unreachable'))
    const { gate } = door(() => decision('permit'), down)
    expect((await refusalOf(gate.admit(ask({ action: 'secret:set' }))))?.code).toBe('policy_unavailable')
    expect((await gate.admit(ask())).txn).toBe('t1')
  })
})

describe('Grant', () => {
  it('is spent once, on its own action and resource only', async () => {
    const { gate } = door(() => decision('permit'))
    const grant = await gate.admit(ask())
    expect(() => grant.spend('secret:set', RESOURCE)).toThrow('grant_for_another_act')
    expect(() => grant.spend('secret:get', 'secret/main/b')).toThrow('grant_for_another_act')
    grant.spend('secret:get', RESOURCE)
    expect(() => grant.spend('secret:get', RESOURCE)).toThrow('grant_spent_twice')
  })

  it('has no look-alike: one does not compile and does not reveal', () => {
    const fake = { txn: 't', spend: () => {} }
    // @ts-expect-error a structural look-alike lacks the private fields of Grant
    const reveal = () => new Secret('canary', RESOURCE).reveal(fake as Pick<Grant, 'txn' | 'spend'>)
    expect(reveal).toBeTypeOf('function')
    // @ts-expect-error the constructor is private
    expect(() => new Grant(undefined)).toThrow()
  })

  it('cannot reveal a secret of the gateway itself', async () => {
    const { gate } = door(() => decision('permit'))
    const grant = await gate.admit(ask())
    expect(() => new Secret('signing-key').reveal(grant)).toThrow('secret_not_revealable')
  })
})

describe('admitList', () => {
  it('shows what is permitted, leaves out unmet obligations, and counts it in one intent', async () => {
    const decisions = new Map([
      ['secret/main/a', decision('permit')],
      ['secret/main/b', decision('deny')],
      ['secret/main/c', decision('permit', { requireReason: true })],
    ])
    const memory = memoryJournal()
    const gate = createGate({
      decide: ({ resource }) => decisions.get(resource) ?? decision('deny'),
      refreshPolicy: async () => {},
      journal: memory.journal,
      limits: memoryLimits(() => 0),
      now: () => 0,
    })
    const candidates = async () => [...decisions.keys()].map((resource) => ({ resource, item: resource }))
    const listing = {
      txn: 't1',
      principal: principal(),
      action: 'secret:list',
      resource: 'secret/main',
      context: {},
    } as const
    const grant = await gate.admitList(listing, candidates)
    expect(grant.sealed).toEqual(['secret/main/a'])
    expect(memory.entries).toMatchObject([{ kind: 'intent', handout: { reference: 'items:1' } }])
  })
})
