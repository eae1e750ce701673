import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../../shared/errors.ts'
import type { Principal } from '../../../../shared/identity/principal.ts'
import type { Obligations } from '../../../../shared/policy/decision.ts'
import { limitFields } from '../../../../shared/policy/limits/limit.ts'
import { createPrincipalRate } from '../../../../shared/policy/limits/principal-rate.ts'
import { memoryLimits } from '../../../support/limits.ts'
import { principal } from '../../../support/principal.ts'

const party = (obligations: Obligations, principalId = 'p', statementIds = ['s']) => ({
  principalId,
  decision: { statementIds, obligations },
})
const RATE = { rate: { count: 2, windowSeconds: 60 } }
const QUOTA = { quotas: [{ statement: 's', count: 3, windowSeconds: 86_400 }] }

const refusal = (act: Promise<unknown>) =>
  act.then(
    () => undefined,
    (error: unknown) => (error instanceof GatewayError ? error : undefined),
  )

describe('limits of permits', () => {
  it('names the policy and what is left, as structured fields', async () => {
    const limits = memoryLimits(() => 0)
    await limits.take('t', [party({ ...RATE, ...QUOTA })])
    expect(limits.fieldsOf('t')).toEqual({
      'RateLimit-Policy': '"rate";q=2;w=60, "quota";q=3;w=86400',
      RateLimit: '"rate";r=1;t=30, "quota";r=2;t=86400',
    })
    expect(limits.fieldsOf('t')).toBeUndefined()
  })

  it('says nothing where no limit applied', () => {
    expect(memoryLimits(() => 0).fieldsOf('t')).toBeUndefined()
  })

  it('429 rate_limited: what a rate refuses is not counted by the quota', async () => {
    const limits = memoryLimits(() => 0)
    const ask = () => refusal(limits.take('t', [party({ ...RATE, ...QUOTA })]))
    expect([await ask(), await ask()]).toEqual([undefined, undefined])
    expect(await ask()).toMatchObject({
      code: 'rate_limited',
      reason: 'rate_exceeded',
      extras: { retryAfterSeconds: 30 },
    })
    expect(limits.fieldsOf('t')?.['RateLimit']).toBe('"rate";r=0;t=60, "quota";r=1;t=86400')
  })

  it('429 rate_limited: a used-up quota, until its window ends', async () => {
    const limits = memoryLimits(() => 86_390_000)
    const ask = (txn: string) => refusal(limits.take(txn, [party(QUOTA)]))
    for (const txn of ['a', 'b', 'c']) expect(await ask(txn)).toBeUndefined()
    expect(await ask('d')).toMatchObject({ reason: 'quota_exceeded', extras: { retryAfterSeconds: 10 } })
    expect(limits.fieldsOf('d')?.['RateLimit']).toBe('"quota";r=0;t=10')
  })

  it('counts principal and actor each for itself', async () => {
    const limits = memoryLimits(() => 0)
    const both = [party(RATE, 'subject'), party(RATE, 'actor')]
    await limits.take('t', both)
    await limits.take('t', [party(RATE, 'actor')])
    expect(await refusal(limits.take('t', both))).toMatchObject({ code: 'rate_limited' })
  })

  it('takes one for all items of a list under the same permits', async () => {
    const limits = memoryLimits(() => 0)
    await limits.take(
      't',
      Array.from({ length: 50 }, () => party({ ...RATE, ...QUOTA })),
    )
    expect(limits.fieldsOf('t')?.['RateLimit']).toBe('"rate";r=1;t=30, "quota";r=2;t=86400')
  })

  it('shows for a batch what stops it first', async () => {
    const limits = memoryLimits(() => 0)
    await limits.take('t.0', [party(QUOTA)])
    await limits.take('t.1', [party({ quotas: [{ statement: 'other', count: 2, windowSeconds: 60 }] })])
    await limits.take('t.2', [party({ quotas: [{ statement: 'third', count: 9, windowSeconds: 60 }] })])
    expect(limits.fieldsOf('t')?.['RateLimit']).toBe('"quota";r=1;t=60')
  })
})

describe('principal rate', () => {
  const setup = () => {
    const clock = { at: 0 }
    const [refused, reported]: [string[], object[]] = [[], []]
    const withinRate = createPrincipalRate({
      rate: { count: 3, windowSeconds: 60 },
      now: () => clock.at,
      refused: (issuer, reason) => refused.push(`${issuer} ${reason}`),
      report: (event, detail) => reported.push({ event, ...detail }),
    })
    const ask = (who: Principal) => {
      try {
        return withinRate(who) === who
      } catch (error) {
        return error
      }
    }
    return { clock, refused, reported, ask }
  }

  it('429 rate_limited: one principal’s flood, named once a minute, summed for the journal; others go on', () => {
    const { ask, clock, refused, reported } = setup()
    const flood = principal({ id: 'entra:t:flood', issuerName: 'contoso' })
    const answers = Array.from({ length: 10 }, () => ask(flood))
    expect(answers.slice(0, 3)).toEqual([true, true, true])
    expect(answers[3]).toMatchObject({
      code: 'rate_limited',
      extras: {
        retryAfterSeconds: 20,
        headers: { 'RateLimit-Policy': '"principal";q=3;w=60', RateLimit: '"principal";r=0;t=60' },
      },
    })
    expect(ask(principal({ id: 'entra:t:other' }))).toBe(true)
    expect(refused).toEqual(Array.from({ length: 7 }, () => 'contoso principal_rate_exceeded'))
    expect(reported).toEqual([{ event: 'rate.exceeded', principal: 'entra:t:flood' }])
    clock.at = 60_000
    for (let n = 0; n < 5; n++) ask(flood)
    expect(reported).toHaveLength(2)
  })

  it('T34: a hundred thousand principals leave at most its bound in memory, and none is refused by another’s', () => {
    const { ask } = setup()
    for (let n = 0; n < 100_000; n++) {
      if (ask(principal({ id: `entra:t:${n}` })) !== true) throw new Error(`refused: ${n}`)
    }
  })
})

describe('limitFields', () => {
  it('is one list item a limit', () => {
    const limit = { name: 'rate' as const, count: 60, windowSeconds: 60, remaining: 12, resetSeconds: 30 }
    expect(limitFields([limit])).toEqual({ 'RateLimit-Policy': '"rate";q=60;w=60', RateLimit: '"rate";r=12;t=30' })
  })
})
