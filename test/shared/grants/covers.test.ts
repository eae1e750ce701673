import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AccessContext, newContext } from '../../../shared/grants/access-context.ts'
import { coversOf } from '../../../shared/grants/covers.ts'
import { ACTION_NAMES, ACTIONS, type Action } from '../../../shared/policy/actions.ts'
import { grantsOn, outcomeOf } from '../../support/grants.ts'
import { issuer, role, statement } from '../../support/policy/documents.ts'
import { tries } from '../../support/share-of.ts'

const segment = fc.constantFrom('a', 'ab', 'b', '*', 'a*', '*b')
const pattern = fc.oneof(
  fc.tuple(segment, segment).map(([vault, name]) => `secret/${vault}/${name}`),
  segment.map((vault) => `secret/${vault}/**`),
  segment.map((name) => `token/${name}`),
  fc.constantFrom('**', 'secret/**', 'policy'),
)
const mask = fc.record({
  actions: fc.uniqueArray(fc.constantFrom(...ACTION_NAMES), { maxLength: 6 }),
  resources: fc.uniqueArray(pattern, { maxLength: 4 }),
})
const resource = fc.oneof(
  fc
    .tuple(fc.constantFrom('a', 'ab', 'b', 'c'), fc.constantFrom('a', 'ab', 'b'))
    .map((parts) => `secret/${parts.join('/')}`),
  fc.constantFrom('token/a', 'token/ab', 'policy', 'audit', 'grant/g0', 'grant/g1'),
)

const grantOf = (terms: { actions: readonly Action[]; resources: readonly string[] }, at: number): AccessContext =>
  newContext(
    { ...terms, id: `g${at}`, chain: [], principal: 'p', openedAt: 0, validatedAt: 0 },
    { state: 'active', generation: 1, expiresAt: 0, approvedBy: [] },
  )

const reads = ACTION_NAMES.filter((action) => ACTIONS[action].mask === 'READ')
const mutations = ACTION_NAMES.filter((action) => ACTIONS[action].mask === 'MUTATE')
const of = (action: Action) =>
  ACTIONS[action].resource.replace('<vault>/<name>', 'main/a').replace(/<\w+>/, 'a').replace('any', 'policy')

describe('what a chain covers', () => {
  it('effective(child) ⊆ effective(parent), for every chain, whatever the child’s row says (T13)', () => {
    fc.assert(
      fc.property(
        fc.array(mask, { minLength: 2, maxLength: 4 }),
        fc.constantFrom(...ACTION_NAMES),
        resource,
        (masks, action, on) => {
          const chain = masks.map(grantOf)
          // With and of itself: every holder may see and end its own.
          if (action === 'grant:read' || action === 'grant:revoke') fc.pre(!on.startsWith('grant/'))
          const covered = chain.map((_, at) => coversOf(chain.slice(0, at + 1))(action, on))
          for (const [at, child] of covered.entries()) if (child && at > 0) expect(covered[at - 1]).toBe(true)
        },
      ),
      { numRuns: tries(3_000) },
    )
  })

  it('is exactly the intersection', () => {
    fc.assert(
      fc.property(
        fc.array(mask, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...ACTION_NAMES),
        resource,
        (masks, action, on) => {
          fc.pre(!on.startsWith('grant/'))
          const chain = masks.map(grantOf)
          const each = chain.every((grant) => coversOf([grant])(action, on))
          expect(coversOf(chain)(action, on)).toBe(each)
        },
      ),
      { numRuns: tries(2_000) },
    )
  })

  it('takes the name of a secret in any case, as the vault does', () => {
    const covers = coversOf([grantOf({ actions: ['secret:get'], resources: ['secret/main/a'] }, 0)])
    expect([covers('secret:get', 'secret/main/A'), covers('secret:get', 'secret/main/ab')]).toEqual([true, false])
  })
})

/** Of the grant itself, not through it: they need its credential and no entry (policy-and-grants.md). */
const OWN: readonly Action[] = ['grant:create', 'grant:delegate']

describe('a READ grant over everything', () => {
  const documents = [issuer('ci'), role('all', ACTION_NAMES), statement('all', { roles: ['all'], resources: ['**'] })]

  it.each(mutations)('covers no %s', (action) => {
    const covers = coversOf([grantOf({ actions: reads, resources: ['**'] }, 0)])
    expect(covers(action, of(action))).toBe(OWN.includes(action))
  })

  it.each(mutations.filter((action) => !OWN.includes(action)))(
    'access_denied outside_grant: %s at the door, although its root may',
    async (action) => {
      const on = await grantsOn(undefined, documents)
      const { credential } = await on.open({ actions: reads, resources: ['**'] })
      expect(await outcomeOf(on.use(credential, action, of(action)))).toBe('access_denied outside_grant')
    },
  )

  it.each(reads)('ok: %s', async (action) => {
    const on = await grantsOn(undefined, documents)
    const { credential } = await on.open({ actions: reads, resources: ['**'] })
    expect(await outcomeOf(on.use(credential, action, of(action)))).toBe('ok')
  })

  it('knows every action of the table', () => {
    expect([...reads, ...mutations].toSorted()).toEqual([...ACTION_NAMES].toSorted())
  })
})
