import { describe, expect, it } from 'vitest'
import type { Entry, Journal } from '../../shared/audit/entry.ts'
import { type Ask, createGate } from '../../shared/gate.ts'
import type { Decision, Obligations, Question } from '../../shared/policy/decision.ts'
import { memoryLimits } from '../support/limits.ts'
import { principal } from '../support/principal.ts'

const subject = principal({ id: 'oidc:test:subject' })
const actor = principal({ id: 'oidc:test:actor' })

type Answers = Record<string, Obligations | 'deny'>

function door(answers: () => Answers) {
  const entries: Entry[] = []
  const asked: Question[] = []
  const journal: Journal = {
    record: async (entry) => ({ wid: 'w', seq: entries.push(entry), macPrefix: 'm' }),
    follow: (entry) => entries.push(entry),
    close: async () => {},
  }
  const decide = (question: Question): Decision => {
    asked.push(question)
    const answer = answers()[question.principal.id] ?? 'deny'
    const [effect, obligations] = answer === 'deny' ? (['deny', {}] as const) : (['permit', answer] as const)
    const reason = effect === 'deny' ? 'no_permit' : 'permitted'
    return { effect, reason, statementIds: [question.principal.id], reported: [], obligations, revision: 1 }
  }
  return {
    entries,
    asked,
    gate: createGate({ decide, refreshPolicy: async () => {}, journal, limits: memoryLimits(() => 0), now: () => 0 }),
  }
}

const ask = (overrides: Partial<Ask<undefined>> = {}): Ask<undefined> => ({
  txn: 't1',
  principal: subject,
  actor,
  action: 'token:issueWrite',
  resource: 'token/ledger-api',
  context: { purpose: 'settlement' },
  ...overrides,
})

const refusal = (act: Promise<unknown>) => act.then(String, ({ code, reason }) => `${code} ${reason}`)

describe('admit with an actor (RFC 8693 §4.1)', () => {
  it('asks the same question for both and records both answers in one intent', async () => {
    const { gate, entries, asked } = door(() => ({ [subject.id]: {}, [actor.id]: {} }))
    await gate.admit(ask())
    const questions = asked.slice(0, 2)
    expect(questions.map((question) => question.principal.id)).toEqual([subject.id, actor.id])
    expect(
      new Set(questions.map(({ action, resource, context }) => JSON.stringify([action, resource, context]))).size,
    ).toBe(1)
    expect(entries).toMatchObject([
      {
        kind: 'intent',
        principal: { id: subject.id },
        decision: { statementIds: [subject.id] },
        actor: { principal: { id: actor.id }, decision: { statementIds: [actor.id] } },
      },
    ])
  })

  it.each<[string, Answers, string]>([
    ['the actor', { [subject.id]: {} }, 'access_denied actor_no_permit'],
    ['the principal', { [actor.id]: {} }, 'access_denied no_permit'],
    ['both', {}, 'access_denied no_permit'],
  ])('403 access_denied: %s may not; one denial names both', async (_who, answers, refused) => {
    const { gate, entries } = door(() => answers)
    expect(await refusal(gate.admit(ask()))).toBe(refused)
    expect(entries).toMatchObject([
      { kind: 'denial', principal: { id: subject.id }, actor: { principal: { id: actor.id } } },
    ])
  })

  it('binds to the stricter obligation of the two in every respect', async () => {
    const { gate } = door(() => ({
      [subject.id]: { maxTtlSeconds: 60 },
      [actor.id]: { maxTtlSeconds: 900, requireReason: true },
    }))
    expect(await refusal(gate.admit(ask()))).toBe('reason_required reason_missing')
    const grant = await gate.admit(ask({ context: { reason: 'r' } }))
    expect(grant.obligations).toEqual({ maxTtlSeconds: 60, requireReason: true })
  })

  it('403 access_denied: stops when the actor loses its permission while the intent is written (T11)', async () => {
    let questions = 0
    const { gate, entries } = door(() => ({ [subject.id]: {}, ...(++questions <= 2 && { [actor.id]: {} }) }))
    expect(await refusal(gate.admit(ask()))).toBe('access_denied policy_changed_meanwhile')
    expect(entries.map(({ kind }) => kind)).toEqual(['intent', 'result'])
  })
})
