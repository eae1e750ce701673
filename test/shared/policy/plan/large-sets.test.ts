import { describe, expect, it } from 'vitest'
import { type PolicyDocument, parseDocument } from '../../../../shared/policy/documents/document.ts'
import type { PrincipalSelector } from '../../../../shared/policy/documents/principals.ts'
import { planPolicies } from '../../../../shared/policy/plan/plan.ts'
import { rulesOf } from '../../../../shared/policy/plan/rule.ts'
import { indexOf } from '../../../../shared/policy/plan/rule-index.ts'
import { selectorCovers, selectorsMeet } from '../../../../shared/policy/plan/selector-order.ts'
import { inMemory } from '../../../../shared/policy/storage/in-memory.ts'
import { createTurns } from '../../../../shared/policy/turns.ts'
import { role, statement } from '../../../support/policy/documents.ts'

const tenant = '11111111-1111-4111-8111-111111111111'
const guid = (at: number) => `b0000000-0000-4000-8000-${String(at).padStart(12, '0')}`
const SELECTORS: PrincipalSelector[] = [
  { any: true, explicit: true },
  ...[1, 2].flatMap((at) =>
    [tenant, guid(9)].flatMap((in_) => [
      { entra: { tenant: in_, objectId: guid(at) } },
      { entra: { tenant: in_, appId: guid(at) } },
      { entra: { tenant: in_, group: guid(at) } },
      { entra: { tenant: in_, role: `r${at}` } },
    ]),
  ),
  { oidc: { issuer: 'ci', subject: 'repo:a/**' } },
  { oidc: { issuer: 'ci', subject: 'repo:a/b', claims: { env: 'prod' } } },
  { oidc: { issuer: 'other', subject: 'repo:a/b' } },
]

const sound = (value: unknown) => {
  const parsed = parseDocument(value)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  return parsed
}
const permits = async (documents: readonly unknown[]) => {
  const set: PolicyDocument[] = [role('reader'), ...documents].map((one) => sound(one).document)
  return (await rulesOf(set, { now: 0, turn: createTurns() })).permits
}

const about = (at: number) => ({ entra: { tenant, objectId: guid(at) } })

describe('comparing large sets', () => {
  it('looks at every rule that may cover or meet a selector', async () => {
    const rules = await permits(SELECTORS.map((one, at) => statement(`s-${at}`, { principals: [one] })))
    const index = indexOf(rules)
    for (const inner of SELECTORS) {
      for (const [at, outer] of SELECTORS.entries()) {
        const covers = selectorCovers(outer, inner, 'permit') || selectorCovers(outer, inner, 'forbid')
        if (covers) expect(index.covering([inner]).map(({ document }) => document.id)).toContain(`s-${at}`)
        if (selectorsMeet(outer, inner)) {
          expect(index.meeting([inner]).map(({ document }) => document.id)).toContain(`s-${at}`)
        }
      }
    }
  })

  it('looks at no rule about another principal, so that the work grows with the set and not with its square', async () => {
    const rules = await permits(
      Array.from({ length: 500 }, (_, at) => statement(`s-${at}`, { principals: [about(at)] })),
    )
    expect(indexOf(rules).covering([about(7)])).toEqual([rules[7]])
    expect(indexOf(rules).meeting([about(7)])).toEqual([rules[7]])
  })

  it('gives the event loop back while it plans: requests are served meanwhile', async () => {
    const documents = Array.from({ length: 1_500 }, (_, at) => statement(`s-${at}`, { principals: [about(at)] }))
    const current = inMemory([role('reader'), ...documents].map(sound), 'default')
    let turns = 0
    let ended = false
    const serve = () => {
      turns++
      if (!ended) setImmediate(serve)
    }
    setImmediate(serve)
    const wider = [role('reader', ['secret:get', 'secret:set']), ...documents]
    const plan = await planPolicies(current, wider, { manager: 'default', now: 0 })
    ended = true
    expect(plan.widenings).toHaveLength(1_500)
    expect(turns).toBeGreaterThan(10)
  })
})
