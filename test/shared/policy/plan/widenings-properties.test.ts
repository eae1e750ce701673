import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide } from '../../../../shared/policy/decide.ts'
import type { Decision, Obligations } from '../../../../shared/policy/decision.ts'
import { parsePolicySet } from '../../../../shared/policy/documents/policy-set.ts'
import { selfGrants } from '../../../../shared/policy/plan/self-grant.ts'
import { wideningsOf } from '../../../../shared/policy/plan/widenings.ts'
import {
  ISSUER_DOCUMENTS,
  instants,
  questions,
  type StatementLike,
  statements,
} from '../../../support/policy/arbitraries.ts'
import { target } from '../../../support/policy/documents.ts'
import { snapshotOf } from '../../../support/policy/snapshot-of.ts'
import { tries } from '../../../support/share-of.ts'

/** `SALLYPORT_WIDENING_RUNS=5000` compares more sets than the normal run does. */
const RUNS = Number(process.env['SALLYPORT_WIDENING_RUNS'] ?? tries(300))
const START = Date.UTC(2026, 9, 1)

const roles = fc
  .record({
    reader: fc.constantFrom(['secret:get', 'token:issue'], ['secret:get'], ['secret:get', 'token:issue', 'secret:set']),
    writer: fc.constantFrom(['secret:set', 'policy:read'], ['policy:read'], ['secret:set', 'policy:read']),
  })
  .map((actions) => Object.entries(actions).map(([name, list]) => ({ kind: 'role', name, actions: list })))

const targets = fc
  .record({ ledger: fc.constantFrom('read', 'write'), reports: fc.constantFrom('read', 'write') })
  .map((access) => Object.entries(access).map(([name, value]) => target(name, { access: value })))

/** A set and one made of it: statements kept, gone, added, put in place of others, or with parts of others. */
const pairs = fc
  .record({
    base: statements(5),
    other: statements(5),
    fates: fc.array(fc.constantFrom('keep', 'keep', 'drop', 'replace', 'mix'), { minLength: 5, maxLength: 5 }),
    parts: fc.array(
      fc.subarray([
        'effect',
        'mode',
        'principals',
        'roles',
        'resources',
        'when',
        'obligations',
        'expires',
        'breakGlass',
      ]),
      { minLength: 5, maxLength: 5 },
    ),
    emergency: fc.array(fc.constantFrom(undefined, undefined, undefined, true), { minLength: 10, maxLength: 10 }),
    roles: fc.tuple(roles, fc.option(roles, { nil: undefined })),
    targets: fc.tuple(targets, fc.option(targets, { nil: undefined })),
  })
  .map((made) => {
    const base = made.base.map((one, at) => emergency(one, made.emergency[at]))
    const other = made.other.map((one, at) => emergency(one, made.emergency[at + 5]))
    const next = base.flatMap((one, at) =>
      changed(one, other[at], { fate: made.fates[at], parts: made.parts[at] ?? [] }),
    )
    const added = other.slice(base.length)
    const around = (at: 0 | 1) => [
      ...ISSUER_DOCUMENTS,
      ...(made.roles[at] ?? made.roles[0]),
      ...(made.targets[at] ?? made.targets[0]),
    ]
    return { old: [...around(0), ...base], next: [...around(1), ...next, ...added] }
  })
  .filter(({ old, next }) => parsePolicySet(old).ok && parsePolicySet(next).ok)

function emergency(one: StatementLike, breakGlass: true | undefined): StatementLike {
  if (!breakGlass || one.effect !== 'permit') return one
  const { approval: _approval, ...obligations } = (one['obligations'] ?? {}) as Record<string, unknown>
  return { ...one, breakGlass, obligations }
}

function changed(
  one: StatementLike,
  by: StatementLike | undefined,
  how: { fate: string | undefined; parts: string[] },
) {
  if (how.fate === 'drop') return []
  if (how.fate === 'keep' || !by) return [one]
  if (how.fate === 'replace') return [{ ...by, id: one.id }]
  const mixed: Record<string, unknown> = { ...one }
  for (const part of how.parts) {
    if (by[part] === undefined) delete mixed[part]
    else mixed[part] = by[part]
  }
  if (mixed['effect'] === 'forbid') {
    for (const name of ['obligations', 'breakGlass']) delete mixed[name]
    const { purpose: _purpose, ...when } = (mixed['when'] ?? {}) as Record<string, unknown>
    if (Object.keys(when).length > 0) mixed['when'] = when
    else delete mixed['when']
  }
  return [mixed as StatementLike]
}

const parsed = (values: readonly unknown[]) => {
  const set = parsePolicySet(values)
  if (!set.ok) throw new Error(JSON.stringify(set.faults))
  return set.documents.map(({ document }) => document)
}

/** Written without the analysis in mind: whether the second asks less in any respect. */
function asksLess(old: Obligations, now: Obligations): boolean {
  const more = (a: number | undefined, b: number | undefined) =>
    (b ?? Number.POSITIVE_INFINITY) > (a ?? Number.POSITIVE_INFINITY)
  const flags = ['oneTime', 'requireReason', 'requireTicket', 'requireDpop'] as const
  if (flags.some((flag) => old[flag] && !now[flag]) || more(old.maxTtlSeconds, now.maxTtlSeconds)) return true
  if (more(old.rate?.count, now.rate?.count)) return true
  if (old.rate && (now.rate?.windowSeconds ?? 0) < old.rate.windowSeconds) return true
  if (old.approval && !(now.approval && now.approval.count >= old.approval.count)) return true
  if (old.approval && now.approval?.approvers.some((one) => !old.approval?.approvers.includes(one))) return true
  const quotaOf = (statement: string) => now.quotas?.find((quota) => quota.statement === statement)
  if (old.quotas?.some(({ statement, count }) => more(count, quotaOf(statement)?.count))) return true
  return old.addresses !== undefined && now.addresses === undefined
}

const isBetter = (old: Decision, now: Decision) =>
  now.effect === 'permit' && (old.effect === 'deny' || asksLess(old.obligations, now.obligations))

const asked = fc.array(fc.tuple(questions, instants, fc.constantFrom(undefined, true as const)), {
  minLength: 60,
  maxLength: 60,
})

describe('what a new set grants: properties', () => {
  it('never misses a question that is answered better, nor that it may be the asker’s own grant (T36)', async () => {
    let better = 0
    await fc.assert(
      fc.asyncProperty(pairs, asked, async ({ old, next }, list) => {
        const found = await wideningsOf(parsed(old), parsed(next), START)
        const [before, after] = [snapshotOf(old), snapshotOf(next)]
        for (const [question, now, breakGlass] of list) {
          const put = { ...question, ...(breakGlass && { breakGlass }) }
          const [was, is] = [decide(put, before, now), decide(put, after, now)]
          if (!isBetter(was, is)) continue
          better++
          const mine = selfGrants(found, question.principal)
          const told = mine.some(({ actions }) => actions.includes(question.action))
          if (!told) throw new Error(JSON.stringify({ old, next, put, now, was, is, found }, null, 1))
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    )
    // Sets in which nothing ever widened would prove nothing.
    expect(better).toBeGreaterThan(RUNS)
  }, 120_000)

  it('says nothing of a set that is the same, in another order and under other names', async () => {
    await fc.assert(
      fc.asyncProperty(pairs, async ({ old }) => {
        // A quota is counted under the name of its statement: another name is another count.
        const rename = (one: Record<string, unknown>) =>
          'id' in one && !(one['obligations'] as { quota?: string } | undefined)?.quota
            ? { ...one, id: `${one['id']}-renamed`, owner: 'x' }
            : one
        const renamed = old.map(rename).reverse()
        expect(await wideningsOf(parsed(old), parsed(renamed), START)).toEqual([])
      }),
      { numRuns: tries(100) },
    )
  })

  it('says nothing when forbids are added, or permits that ask nothing go', async () => {
    await fc.assert(
      fc.asyncProperty(pairs, statements(3), async ({ old }, more) => {
        const forbids = more.filter(({ effect }) => effect === 'forbid').map((one) => ({ ...one, id: `f-${one.id}` }))
        const kept = old.filter((one) => !('effect' in one && one.effect === 'permit' && asksNothing(one)))
        expect(await wideningsOf(parsed(old), parsed([...kept, ...forbids]), START)).toEqual([])
      }),
      { numRuns: tries(100) },
    )
  })
})

function asksNothing(one: Record<string, unknown>): boolean {
  const ip = (one['when'] as { ip?: unknown } | undefined)?.ip
  return one['obligations'] === undefined && one['breakGlass'] === undefined && ip === undefined
}
