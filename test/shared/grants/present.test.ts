import { describe, expect, it } from 'vitest'
import type { AccessContext, Status, StoredContext, Terms } from '../../../shared/grants/access-context.ts'
import { newContext } from '../../../shared/grants/access-context.ts'
import { grantsOn, MAX_SECONDS, outcomeOf, root, START } from '../../support/grants.ts'
import { createMemoryTable, type MemoryTable } from '../../support/memory-table.ts'
import { issuer } from '../../support/policy/documents.ts'

const READS = { actions: ['secret:get'], resources: ['secret/main/a*'] }

async function opened(wish: object = READS) {
  const on = await grantsOn()
  return { on, ...(await on.open(wish)) }
}

/** A chain as delegations make it; each child's credential last. */
async function chainOf(on: Awaited<ReturnType<typeof grantsOn>>, length: number) {
  const { context } = await on.open(READS)
  const chain: AccessContext[] = [context]
  while (chain.length < length) {
    const parent = chain.at(-1) as AccessContext
    const id = `child-${chain.length}`
    const terms = {
      ...parent.terms,
      id,
      chain: [...parent.terms.chain, id],
      parent: { id: parent.terms.id, sha: parent.sha },
    }
    const child = newContext(terms, parent.status)
    await on.grants.store.insert(child)
    chain.push(child)
  }
  return { chain, credential: await on.grants.credentials.sign(chain.at(-1) as AccessContext) }
}

describe('a presented grant', () => {
  it('is its root, with the limits of the grant, and ends with the grant', async () => {
    const { on, credential, context } = await opened()
    const who = await on.grants.present(credential)
    expect(who).toMatchObject({ id: root().id, issuerName: 'ci', claims: { sub: 'alice' }, validatedAt: START })
    expect(who.expiresAt).toBe(START + 3_600_000)
    expect(who.through?.chain).toEqual([context.terms.id])
    expect(await outcomeOf(on.act(who, 'secret:get', 'secret/main/a1'))).toBe('ok')
    expect(await outcomeOf(on.act(who, 'secret:get', 'secret/main/b1'))).toBe('access_denied outside_grant')
    expect(await outcomeOf(on.act(who, 'secret:set', 'secret/main/a1'))).toBe('access_denied outside_grant')
  })

  it('costs one read for each grant of the chain, and none more to use it at once', async () => {
    const inner = createMemoryTable()
    const reads: string[] = []
    const table = {
      ...inner,
      get: (...key: Parameters<typeof inner.get>) => {
        reads.push(key[0])
        return inner.get(...key)
      },
      list: () => {
        throw new Error('nothing is listed')
      },
    }
    const on = await grantsOn(table)
    const { chain, credential } = await chainOf(on, 3)
    reads.length = 0
    const who = await on.grants.present(credential)
    await on.act(who, 'secret:get', 'secret/main/a1')
    expect(reads).toEqual(chain.map(({ terms }) => terms.id))
    on.clock.now += 1_000
    await on.act(who, 'secret:get', 'secret/main/a1')
    expect(reads).toHaveLength(6)
  })

  it('invalid_token grant_expired: a millisecond after its end, with nobody sweeping (T39)', async () => {
    const { on, credential } = await opened({ ...READS, ttl: 60 })
    on.clock.now = START + 59_999
    expect(await outcomeOf(on.use(credential, 'secret:get', 'secret/main/a1'))).toBe('ok')
    on.clock.now = START + 60_000
    expect(await outcomeOf(on.use(credential, 'secret:get', 'secret/main/a1'))).toBe('invalid_token grant_expired')
    expect(on.refusals).toEqual(['own grant_expired'])
  })

  it('access_denied grant_expired: presented in time, used a millisecond too late', async () => {
    const { on, credential } = await opened({ ...READS, ttl: 60 })
    on.clock.now = START + 58_000
    const who = await on.grants.present(credential)
    on.clock.now = START + 60_000
    expect(await outcomeOf(on.act(who, 'secret:get', 'secret/main/a1'))).toBe('access_denied grant_expired')
    expect(on.entries.at(-1)).toMatchObject({ kind: 'denial', refusal: 'grant_expired' })
  })

  it('ends at the maximum after its root’s token was validated, however long was asked for', async () => {
    const on = await grantsOn()
    const old = root({ validatedAt: START - (MAX_SECONDS - 600) * 1_000 })
    const { context } = await on.open({ ...READS, ttl: '8h' }, old)
    expect(context.status.expiresAt).toBe(START + 600_000)
    const spent = root({ validatedAt: START - MAX_SECONDS * 1_000 })
    expect(await outcomeOf(on.open(READS, spent))).toBe('invalid_request lifetime_too_short')
  })

  it('invalid_token grant_issuer_not_trusted: once its root’s issuer has lost its trust', async () => {
    const { on, credential } = await opened()
    const { snapshotOf } = await import('../../support/policy/snapshot-of.ts')
    on.set.snapshot = snapshotOf([issuer('other')])
    expect(await outcomeOf(on.grants.present(credential))).toBe('invalid_token grant_issuer_not_trusted')
  })

  it('access_denied: live policy, asked for the root, goes on deciding', async () => {
    const { on, credential } = await opened()
    const { snapshotOf } = await import('../../support/policy/snapshot-of.ts')
    on.set.snapshot = snapshotOf([issuer('ci')])
    expect(await outcomeOf(on.use(credential, 'secret:get', 'secret/main/a1'))).toBe('access_denied no_permit')
  })

  it('access_denied grant_revoked: revoked after the decision, before anything leaves (T11)', async () => {
    const { on, credential, context } = await opened({ actions: ['secret:set'], resources: ['secret/main/a*'] })
    const who = await on.grants.present(credential)
    on.hooks.beforeRecord = async () => {
      on.hooks.beforeRecord = async () => undefined
      await revoke(on, context.terms.id)
    }
    expect(await outcomeOf(on.act(who, 'secret:set', 'secret/main/a1'))).toBe('access_denied grant_revoked')
    expect(on.entries.at(-1)).toMatchObject({ kind: 'result', outcome: 'failed', reason: 'grant_revoked' })
  })

  it('access_denied grant_revoked: revoked after it was presented, before a change is decided', async () => {
    const { on, credential, context } = await opened({ actions: ['secret:set'], resources: ['secret/main/a*'] })
    const who = await on.grants.present(credential)
    await revoke(on, context.terms.id)
    expect(await outcomeOf(on.act(who, 'secret:set', 'secret/main/a1'))).toBe('access_denied grant_revoked')
    expect(on.entries.at(-1)).toMatchObject({ kind: 'denial', refusal: 'grant_revoked' })
  })

  it('invalid_token grant_ancestor_revoked: a child on its next use (T13)', async () => {
    const on = await grantsOn()
    const { chain, credential } = await chainOf(on, 3)
    expect(await outcomeOf(on.use(credential, 'secret:get', 'secret/main/a1'))).toBe('ok')
    await revoke(on, chain[1]?.terms.id ?? '')
    expect(await outcomeOf(on.grants.present(credential))).toBe('invalid_token grant_ancestor_revoked')
  })

  it.each([
    ['locked', 'invalid_token grant_locked'],
    ['pending', 'approval_required grant_pending'],
  ] as const)('%s: %s', async (state, expected) => {
    const { on, credential, context } = await opened()
    await change(on, context.terms.id, { state })
    expect(await outcomeOf(on.grants.present(credential))).toBe(expected)
    expect(on.refusals).toEqual([`own grant_${state}`])
  })

  it('invalid_token grant_superseded: the credential of a generation before the row’s', async () => {
    const { on, credential, context } = await opened()
    await change(on, context.terms.id, { generation: 2 })
    expect(await outcomeOf(on.grants.present(credential))).toBe('invalid_token grant_superseded')
  })

  it('invalid_token token_bound: without the proof of the key that it was opened with', async () => {
    const on = await grantsOn()
    const { context } = await on.open(READS)
    const bound = newContext(
      { ...context.terms, id: 'bound', chain: ['bound'], boundTo: 'K'.repeat(43) },
      context.status,
      context.root,
    )
    await on.grants.store.insert(bound)
    const credential = await on.grants.credentials.sign(bound)
    expect(await outcomeOf(on.grants.present(credential))).toBe('invalid_token token_bound')
    expect(await outcomeOf(on.grants.present(credential, 'other'))).toBe('invalid_token token_bound')
    expect((await on.grants.present(credential, 'K'.repeat(43))).boundTo).toBe('K'.repeat(43))
  })

  it('invalid_token: a token of the right type that we did not sign as it is', async () => {
    const { on, credential } = await opened()
    const [header = '', payload = '', signature = ''] = credential.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const later = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 3_600 })).toString('base64url')
    for (const forged of [`${header}.${later}.${signature}`, `${header}.${payload}.AAAA`, 'a.b.c']) {
      expect(await outcomeOf(on.grants.present(forged))).toBe('invalid_token grant_credential_malformed')
    }
  })
})

describe('a row that somebody edited (T14)', () => {
  const EDITS: [string, (stored: { terms: Terms; status: Status }) => void][] = [
    ['widened actions', ({ terms }) => Object.assign(terms, { actions: ['secret:get', 'secret:set'] })],
    ['widened resources', ({ terms }) => Object.assign(terms, { resources: ['**'] })],
    ['another parent', ({ terms }) => Object.assign(terms, { parent: { id: 'x', sha: 'x' } })],
    [
      'a cycle',
      ({ terms }) => Object.assign(terms, { parent: { id: terms.id, sha: 'x' }, chain: [terms.id, terms.id] }),
    ],
    ['another key', ({ terms }) => Object.assign(terms, { boundTo: 'x' })],
    [
      'more uses',
      ({ terms, status }) => Object.assign(terms, { maxUses: 1_000 }) && Object.assign(status, { usesLeft: 900 }),
    ],
    ['a later end', ({ status }) => Object.assign(status, { expiresAt: status.expiresAt + 60_000 })],
    ['approvals', ({ status }) => Object.assign(status, { approvedBy: ['entra:t:friend'] })],
    ['another root', ({ terms }) => Object.assign(terms, { principal: 'oidc:ci:bWFsbG9yeQ' })],
  ]

  it.each(EDITS)('invalid_token grant_tampered and an alarm: %s', async (_, edit) => {
    const table = createMemoryTable()
    const on = await grantsOn(table)
    const { context, credential } = await on.open({ ...READS, maxUses: 500 })
    await rewrite(table, context.terms.id, (row) => {
      const stored = { terms: JSON.parse(String(row['terms'])), status: JSON.parse(String(row['status'])) }
      edit(stored)
      return { terms: JSON.stringify(stored.terms), status: JSON.stringify(stored.status) }
    })
    expect(await outcomeOf(on.grants.present(credential))).toBe('invalid_token grant_tampered')
    expect(on.alarms).toEqual([{ grant: context.terms.id, what: 'seal' }])
    expect(on.refusals).toEqual(['own grant_tampered'])
  })

  it.each(EDITS.filter(([name]) => name !== 'approvals'))(
    'invalid_token grant_tampered: %s, even by somebody who can seal',
    async (_, edit) => {
      const on = await grantsOn()
      const { context, credential } = await on.open({ ...READS, maxUses: 500 })
      const stored = structuredClone({ terms: context.terms, status: context.status })
      edit(stored)
      const { terms, status } = stored
      const altered = newContext({ ...terms, id: context.terms.id }, status, context.root)
      const there = (await on.grants.store.read(context.terms.id)) as StoredContext
      await on.grants.store.replace({ ...altered, etag: there.etag }, status)
      const isSame = altered.sha === context.sha && status.expiresAt === context.status.expiresAt
      expect(await outcomeOf(on.grants.present(credential))).toBe(isSame ? 'ok' : 'invalid_token grant_tampered')
      expect(on.alarms).toHaveLength(isSame ? 0 : 1)
    },
  )

  it('a → b → a, and rows swapped between grants: refusals, no loop', async () => {
    const table = createMemoryTable()
    const on = await grantsOn(table)
    const { chain, credential } = await chainOf(on, 2)
    const [a, b] = chain.map(({ terms }) => terms.id) as [string, string]
    const rowOf = (id: string) => table.rows().find((row) => row.partitionKey === id && row.rowKey === 'grant')
    const other = rowOf(b)
    await rewrite(table, a, () => ({
      terms: other?.['terms'],
      root: other?.['root'],
      status: other?.['status'],
      seal: other?.['seal'],
    }))
    expect(await outcomeOf(on.grants.present(credential))).toBe('invalid_token grant_tampered')
  })

  it('invalid_token grant_tampered: a widened parent, even by somebody who can seal', async () => {
    const on = await grantsOn()
    const { chain, credential } = await chainOf(on, 2)
    const parent = (await on.grants.store.read(chain[0]?.terms.id ?? '')) as StoredContext
    const wider = newContext({ ...parent.terms, resources: ['**'] }, parent.status, parent.root)
    await on.grants.store.replace({ ...wider, etag: parent.etag }, parent.status)
    expect(await outcomeOf(on.grants.present(credential))).toBe('invalid_token grant_tampered')
    expect(on.alarms).toEqual([{ grant: chain[1]?.terms.id, what: 'parent' }])
  })

  it('invalid_token grant_chain_too_long: a fifth grant, although each is good', async () => {
    const on = await grantsOn()
    expect(await outcomeOf(on.grants.present((await chainOf(on, 4)).credential))).toBe('ok')
    expect(await outcomeOf(on.grants.present((await chainOf(await grantsOn(), 5)).credential))).toMatch(
      /^invalid_token/,
    )
    const five = await grantsOn()
    const { credential } = await chainOf(five, 5)
    expect(await outcomeOf(five.grants.present(credential))).toBe('invalid_token grant_chain_too_long')
  })
})

type On = Awaited<ReturnType<typeof grantsOn>>

const change = (on: On, id: string, changed: Partial<Status>) =>
  on.grants.store.change(id, ({ status }) => ({ status: { ...status, ...changed } }))

const revoke = (on: On, id: string) => change(on, id, { state: 'revoked' })

async function rewrite(
  table: MemoryTable,
  id: string,
  edit: (row: Record<string, unknown>) => Record<string, unknown>,
) {
  const row = await table.get(id, 'grant')
  if (!row) throw new Error('no row')
  const { etag, ...rest } = row
  await table.replace({ ...rest, ...edit(rest) } as typeof rest, etag)
}
