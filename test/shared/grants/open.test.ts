import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Opening } from '../../../shared/grants/open.ts'
import { GrantRequest } from '../../../shared/grants/open-request.ts'
import type { RequestContext } from '../../../shared/policy/decision.ts'
import { grantsOn, outcomeOf, root, START } from '../../support/grants.ts'
import { createMemoryTable, onEveryWrite } from '../../support/memory-table.ts'
import { issuer, role, statement } from '../../support/policy/documents.ts'
import { entraId } from '../../support/principal-id.ts'
import { tries } from '../../support/share-of.ts'

const ROLES = [issuer('ci'), role('opener', ['grant:create']), role('reader', ['secret:get', 'token:issue'])]
const READS = { actions: ['secret:get'] as const, resources: ['secret/main/a'] }

const opening = (wish: object, context: RequestContext = {}, id: string = randomUUID()): Opening => {
  const { reason: _none, ...parsed } = GrantRequest.parse({ ttl: '1h', ...wish })
  const operation = { id, repeated: false, answered: false }
  return { caller: { txn: id, principal: root(), context }, operation, wish: parsed }
}

const word = fc.constantFrom('a', 'b', 'ab', 'ba')
const glob = fc.constantFrom('a', 'b', 'ab', '*', 'a*', '*b', 'a*b', '*a*')
const pattern = fc.oneof(
  fc.tuple(glob, glob).map(([vault, name]) => `secret/${vault}/${name}`),
  glob.map((vault) => `secret/${vault}/**`),
  fc.constantFrom('**', 'secret/**'),
)
const concrete = fc.array(
  fc.tuple(word, word).map((parts) => `secret/${parts.join('/')}`),
  { minLength: 6, maxLength: 12 },
)

describe('opening a grant', () => {
  it('takes a pattern only where permits cover every resource that it matches, and then through the grant every one is read', async () => {
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(pattern, { minLength: 1, maxLength: 3 }),
        pattern,
        concrete,
        async (permits, asked, names) => {
          const on = await grantsOn(undefined, [
            ...ROLES,
            statement('all', { roles: ['opener', 'reader'], resources: permits }),
          ])
          const outcome = await on.open({ actions: ['secret:get'], resources: [asked] }).catch(() => undefined)
          if (!outcome) return
          accepted++
          const who = await on.grants.present(outcome.credential)
          for (const name of names) {
            if (!who.through?.covers('secret:get', name)) continue
            expect(await outcomeOf(on.act(root(), 'secret:get', name))).toBe('ok')
            expect(await outcomeOf(on.act(who, 'secret:get', name))).toBe('ok')
          }
        },
      ),
      { numRuns: tries(300) },
    )
    expect(accepted).toBeGreaterThan(tries(30))
  })

  it('is refused whole, with one denial and nothing else, when one resource of several is too much', async () => {
    const on = await grantsOn(undefined, [
      ...ROLES,
      statement('a', { roles: ['opener', 'reader'], resources: ['secret/main/a'] }),
    ])
    const wish = { ...READS, resources: ['secret/main/a', 'secret/main/b'] }
    expect(await outcomeOf(on.open(wish))).toBe('access_denied no_permit')
    expect(on.entries.map((entry) => [entry.kind, 'resource' in entry && entry.resource])).toEqual([
      ['denial', 'secret/main/b'],
    ])
    expect((on.table as ReturnType<typeof createMemoryTable>).rows()).toEqual([])
  })

  it('admits every resource, also when a policy that comes in between permits the one that looked refused', async () => {
    const permits = (...names: string[]) => [
      ...ROLES,
      statement('a', { roles: ['opener', 'reader'], resources: names.map((name) => `secret/main/${name}`) }),
    ]
    const { snapshotOf } = await import('../../support/policy/snapshot-of.ts')
    const on = await grantsOn(undefined, permits('a', 'b'))
    const [before, after] = [snapshotOf(permits('a')), snapshotOf(permits('b'))]
    on.set.snapshot = before
    on.hooks.refresh = async () => {
      on.set.snapshot = after
    }
    const wish = { ...READS, resources: ['secret/main/a', 'secret/main/b'] }
    expect(await outcomeOf(on.open(wish))).toBe('access_denied no_permit')
    expect(on.entries.map((entry) => [entry.kind, 'resource' in entry && entry.resource])).toEqual([
      ['intent', 'secret/main/b'],
      ['denial', 'secret/main/a'],
      ['result', false],
    ])
  })

  it('records an intent and its result for every resource, by the id of the grant', async () => {
    const on = await grantsOn()
    const { context } = await on.open({ ...READS, resources: ['secret/main/a', 'secret/main/b'] })
    const reference = `grant:${context.terms.id}`
    const intents = on.entries.flatMap((entry) => (entry.kind === 'intent' ? [entry] : []))
    expect(intents.map(({ action, resource, handout }) => [action, resource, handout?.reference])).toEqual([
      ['grant:create', 'secret/main/a', reference],
      ['grant:create', 'secret/main/b', reference],
    ])
    const results = on.entries.flatMap((entry) => (entry.kind === 'result' ? [entry] : []))
    expect(results.map(({ txn, outcome }) => [txn, outcome])).toEqual(intents.map(({ txn }) => [txn, 'ok']))
  })

  it('obliges to the strictest of all its permits: the shortest life, a reason, a proof, approvals', async () => {
    const permit = (id: string, name: string, obligations: object) =>
      statement(id, { roles: ['opener', 'reader'], resources: [`secret/main/${name}`], obligations })
    const on = await grantsOn(undefined, [
      ...ROLES,
      permit('a', 'a', { maxTtl: '5m' }),
      permit('b', 'b', { maxTtl: '2m' }),
      permit('c', 'c', { requireReason: true }),
      permit('d', 'd', { requireDpop: true }),
      permit('e', 'e', { approval: { count: 1, approvers: [entraId('approver'), root().id] } }),
      permit('f', 'f', { approval: { count: 1, approvers: [root().id] } }),
    ])
    const open = (names: string[], context?: RequestContext) =>
      on.grants.open(opening({ ...READS, resources: names.map((name) => `secret/main/${name}`) }, context))
    expect((await open(['a', 'b'])).context.status.expiresAt).toBe(START + 120_000)
    expect(await outcomeOf(open(['a', 'c']))).toBe('reason_required reason_missing')
    expect((await open(['c'], { reason: 'r' })).context.terms.reason).toBe('r')
    expect(await outcomeOf(open(['d']))).toBe('dpop_required dpop_missing')
    expect((await open(['d'], { dpopThumbprint: 'K' })).context.terms.boundTo).toBe('K')
    expect((await open(['a', 'e'])).context).toMatchObject({
      status: { state: 'pending' },
      terms: { approval: { count: 1 } },
    })
    expect(await outcomeOf(open(['f']))).toBe('access_denied approval_impossible')
  })

  it('leaves oneTime to handles: the grant opens, and does not read', async () => {
    const on = await grantsOn(undefined, [
      ...ROLES,
      statement('opens', { roles: ['opener'], resources: ['secret/main/*'] }),
      statement('once', { resources: ['secret/main/*'], obligations: { oneTime: true } }),
    ])
    const { credential } = await on.open(READS)
    expect(await outcomeOf(on.use(credential, 'secret:get', 'secret/main/a'))).toBe('handle_required handle_missing')
  })

  it('invalid_request claims_too_large: more than 16 KiB, and nothing is stored', async () => {
    const on = await grantsOn()
    const big = root({ claims: { iss: 'https://ci.example', fill: 'x'.repeat(16_400) } })
    expect(await outcomeOf(on.open(READS, big))).toBe('invalid_request claims_too_large')
    expect((on.table as ReturnType<typeof createMemoryTable>).rows()).toEqual([])
  })

  it('makes one grant, that its index leads to, however often it is killed and tried again', async () => {
    for (let killedAt = 1; killedAt <= 6; killedAt++) {
      const inner = createMemoryTable()
      const dying = await grantsOn(
        onEveryWrite(inner, (count) => {
          if (count >= killedAt) throw new Error('killed')
        }),
      )
      await dying.grants.open(opening(READS, {}, 'op')).catch(() => undefined)
      const rows = inner.rows()
      const isThere = rows.some(({ rowKey }) => rowKey === 'grant')
      // INVARIANT of index-rows.ts: principal, resource, hour.
      if (isThere) expect(rows).toHaveLength(4)
      const on = await grantsOn(inner)
      const again = opening(READS, {}, 'op')
      const { context, credential } = await on.grants.open({
        ...again,
        operation: { ...again.operation, repeated: true },
      })
      expect(inner.rows().filter(({ rowKey }) => rowKey === 'grant')).toHaveLength(1)
      expect(inner.rows()).toHaveLength(4)
      expect((await on.grants.present(credential)).through?.chain).toEqual([context.terms.id])
    }
  })

  it('idempotency_expired: answered once and gone since: it is not opened anew', async () => {
    const on = await grantsOn()
    const again = opening(READS, {}, 'op')
    const answered = { ...again.operation, repeated: true, answered: true }
    expect(await outcomeOf(on.grants.open({ ...again, operation: answered }))).toBe('idempotency_expired grant_unknown')
  })
})

describe('the body', () => {
  it.each([
    ['no action', { actions: [] }],
    ['an unknown action', { actions: ['secret:read'] }],
    ['an action of the grant itself', { actions: ['grant:delegate'] }],
    ['the right to open grants', { actions: ['grant:create'] }],
    ['an action twice', { actions: ['secret:get', 'secret:get'] }],
    ['an action on none of the resources', { actions: ['secret:get', 'token:issue'] }],
    ['a resource for none of the actions', { resources: ['secret/main/a', 'token/x'] }],
    ['a template', { resources: ['secret/main/${' + 'principal.objectId}'] }],
    ['** within a segment', { resources: ['secret/main/a**'] }],
    ['a form that cannot match', { resources: ['secret/main'] }],
    ['51 resources', { resources: Array.from({ length: 51 }, (_, at) => `secret/main/a${at}`) }],
    ['no life', { ttl: 0 }],
    ['a life of more than a day', { ttl: '25h' }],
    ['no use', { maxUses: 0 }],
    ['half a use', { maxUses: 1.5 }],
    ['too many uses', { maxUses: 1_000_001 }],
    ['breakGlass: false', { breakGlass: false }],
    ['an unknown field', { root: 'me' }],
  ])('is refused: %s', (_, wrong) => {
    expect(GrantRequest.safeParse({ ...READS, ttl: '1h', ...wrong }).success).toBe(false)
  })

  it('has the names of secrets in lower case, as policies do', () => {
    expect(GrantRequest.parse({ ...READS, resources: ['secret/main/API-Key'], ttl: 60 }).resources).toEqual([
      'secret/main/api-key',
    ])
  })
})
