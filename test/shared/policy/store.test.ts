import { describe, expect, it } from 'vitest'
import { StorageError, type Table } from '../../../shared/azure/table.ts'
import { applyPolicies } from '../../../shared/policy/apply.ts'
import { createPolicyStore } from '../../../shared/policy/store.ts'
import { createMemoryTable, type MemoryTable } from '../../support/memory-table.ts'
import { issuer, role, target } from '../../support/policy/documents.ts'

const POLL = 5
const MAX_STALE = 60

/** A store on a table that can be cut off, with a clock of its own and what it reported. */
function setup(inner: MemoryTable = createMemoryTable()) {
  const state = { seconds: 0, down: false, reads: 0, inner }
  const reported: string[] = []
  const table: Table = {
    ...inner,
    get: async (partitionKey, rowKey) => {
      state.reads++
      if (state.down) throw new StorageError('unreachable')
      return state.inner.get(partitionKey, rowKey)
    },
    list: (query) => state.inner.list(query),
  }
  const store = createPolicyStore({
    table,
    now: () => state.seconds * 1_000,
    pollSeconds: POLL,
    maxStaleSeconds: MAX_STALE,
    forbiddenIssuer: 'https://gateway.example',
    report: (event) => void reported.push(event),
  })
  const apply = (...documents: unknown[]) =>
    applyPolicies({ table: state.inner, documents, now: () => state.seconds * 1_000 })
  return { state, reported, store, apply }
}

async function tamper(table: MemoryTable, rowKey: string, columns: Record<string, string>): Promise<void> {
  const row = table.rows().find((one) => one.rowKey === rowKey)
  if (!row) throw new Error(`no row ${rowKey}`)
  await table.replace({ ...row, ...columns }, row.etag)
}

describe('the policy store', () => {
  it('503 no_policy: before the first apply, and serves as soon as one has passed', async () => {
    const { state, store, apply } = setup()
    await store.fresh()
    expect(() => store.current()).toThrow(expect.objectContaining({ code: 'no_policy' }))
    expect(store.status()).toEqual({ state: 'no_policy' })
    await apply(issuer('a'))
    state.seconds += POLL
    await store.fresh()
    expect(store.current().issuerOf('https://a.example')?.name).toBe('a')
    expect(store.status()).toEqual({ state: 'ok', revision: 1, ageSeconds: 0 })
  })

  it('503 policy_unavailable: when nothing was ever read', async () => {
    const { state, store, reported } = setup()
    state.down = true
    await store.fresh()
    expect(() => store.current()).toThrow(expect.objectContaining({ code: 'policy_unavailable' }))
    expect(store.status()).toEqual({ state: 'unavailable' })
    expect(reported).toEqual(['policy.unreachable'])
  })

  it('denies by the new set at the first call after the poll (T22)', async () => {
    const { state, store, apply } = setup()
    await apply(issuer('a'), issuer('b'))
    await store.fresh()
    await apply(issuer('a'))
    state.seconds += POLL - 1
    await store.fresh()
    expect(store.current().issuerOf('https://b.example')).toBeDefined()
    state.seconds += 1
    await store.fresh()
    // The look is under way; a call within two intervals need not wait for it.
    await store.fresh()
    await store.refresh()
    expect(store.current().issuerOf('https://b.example')).toBeUndefined()
  })

  it('waits for the look at storage once it is overdue by an interval', async () => {
    const { state, store, apply } = setup()
    await apply(issuer('a'))
    await store.fresh()
    await apply(issuer('b'))
    state.seconds += 2 * POLL
    await store.fresh()
    expect(store.current().revision).toBe(2)
  })

  it('costs one point read an interval while nothing changes, however many call', async () => {
    const { state, store, apply } = setup()
    await apply(issuer('a'))
    await store.fresh()
    state.reads = 0
    for (let second = 0; second < 60; second++) {
      state.seconds++
      await Promise.all(Array.from({ length: 20 }, () => store.fresh()))
      await store.refresh.call(undefined).catch(() => {})
      state.reads--
    }
    expect(state.reads).toBeLessThanOrEqual(60 / POLL + 1)
  })

  it('serves the held set while storage is down, until it is too old, and recovers by itself', async () => {
    const { state, store, apply, reported } = setup()
    await apply(issuer('a'))
    await store.fresh()
    state.down = true
    state.seconds += MAX_STALE
    await store.fresh()
    expect(store.current().revision).toBe(1)
    expect(store.status()).toEqual({ state: 'stale', revision: 1, ageSeconds: MAX_STALE })
    state.seconds += 1
    expect(() => store.current()).toThrow(expect.objectContaining({ code: 'policy_unavailable' }))
    expect(store.status()).toMatchObject({ state: 'unavailable' })
    state.down = false
    state.seconds += POLL
    await store.fresh()
    await store.fresh()
    await store.refresh()
    expect(store.current().revision).toBe(1)
    expect(reported).toEqual(['policy.loaded', 'policy.unreachable'])
  })

  it('refuses MUTATE acts at once while storage is down (T11)', async () => {
    const { state, store, apply } = setup()
    await apply(issuer('a'))
    await store.fresh()
    state.down = true
    await expect(store.refresh()).rejects.toMatchObject({ code: 'policy_unavailable' })
    expect(store.current().revision).toBe(1)
  })

  it('lets a MUTATE act see a change that was made before it asked (T11)', async () => {
    const { store, apply } = setup()
    await apply(issuer('a'))
    await store.fresh()
    const early = store.refresh()
    await apply(issuer('b'))
    await store.refresh()
    expect(store.current().revision).toBe(2)
    await early
  })

  it('shares one look among a thousand MUTATE acts that ask together', async () => {
    const { state, store, apply } = setup()
    await apply(issuer('a'))
    await store.fresh()
    state.reads = 0
    await Promise.all(Array.from({ length: 1_000 }, () => store.refresh()))
    expect(state.reads).toBeLessThanOrEqual(2)
  })

  it.each([
    ['a document changed by hand', { body0: '{"actions":["policy:write"],"kind":"role","name":"r"}' }],
    ['a document hidden by hand', { until: '000000000002' }],
    ['an end that is no end', { until: 'never' }],
  ])('keeps the last good set, alarms and refuses MUTATE acts: %s', async (_name, columns) => {
    const { state, store, apply, reported } = setup()
    await apply(role('r'), issuer('a'))
    await store.fresh()
    await apply(role('r'), issuer('a'), issuer('b'))
    await tamper(state.inner, 'r|000000000001', columns)
    state.seconds += 2 * POLL
    await store.fresh()
    expect(store.current().revision).toBe(1)
    expect(store.status()).toMatchObject({ state: 'stale', revision: 1 })
    await expect(store.refresh()).rejects.toMatchObject({ code: 'policy_unavailable' })
    expect(reported).toEqual(['policy.loaded', 'policy.set_differs'])
    state.seconds += 10 * MAX_STALE
    await store.fresh()
    expect(store.current().revision).toBe(1)
  })

  it('503 policy_unavailable: a set that differs from what its revision promises, when there is no good one', async () => {
    const { state, store, apply } = setup()
    await apply(role('r'))
    await tamper(state.inner, 'r|000000000001', { until: '000000000001' })
    await store.fresh()
    expect(() => store.current()).toThrow(expect.objectContaining({ code: 'policy_unavailable' }))
  })

  it('does not accept a text that was moved under another name', async () => {
    const { state, store, apply, reported } = setup()
    await apply(role('a', ['secret:get']), role('b', ['policy:write']))
    const [a, b] = ['a|000000000001', 'b|000000000001'].map((key) =>
      state.inner.rows().find(({ rowKey }) => rowKey === key),
    )
    await tamper(state.inner, 'a|000000000001', { body0: String(b?.['body0']) })
    await tamper(state.inner, 'b|000000000001', { body0: String(a?.['body0']) })
    await store.fresh()
    expect(reported).toEqual(['policy.invalid_document'])
    expect(() => store.current()).toThrow(expect.objectContaining({ code: 'policy_unavailable' }))
  })

  it('does not accept a set with the gateway itself as an issuer, however it got there', async () => {
    const { store, apply, reported } = setup()
    await apply(issuer('own', { issuer: 'https://gateway.example' }))
    await store.fresh()
    expect(reported).toEqual(['policy.invalid_document'])
    expect(() => store.current()).toThrow(expect.objectContaining({ code: 'policy_unavailable' }))
  })

  it('denies everything at once when the revision row is gone, and takes a set that is applied anew', async () => {
    const { state, store, apply } = setup()
    await apply(issuer('a'))
    await apply(issuer('b'))
    await store.fresh()
    state.inner = createMemoryTable()
    state.seconds += 2 * POLL
    await store.fresh()
    expect(() => store.current()).toThrow(expect.objectContaining({ code: 'no_policy' }))
    await apply(issuer('c'))
    state.seconds += 2 * POLL
    await store.fresh()
    expect(store.current().issuerOf('https://c.example')).toBeDefined()
  })

  it('takes a table that was made anew between two looks for what it is', async () => {
    const { state, store, apply } = setup()
    await apply(issuer('a'))
    await apply(issuer('b'))
    await store.fresh()
    state.inner = createMemoryTable()
    await apply(issuer('c'))
    state.seconds += 2 * POLL
    await store.fresh()
    expect(store.current()).toMatchObject({ revision: 1 })
  })

  it('does not follow a revision back in time: the held set until it is too old, then nothing', async () => {
    const { state, store, apply, reported } = setup()
    await apply(issuer('a'), issuer('revoked-later'))
    const backup = state.inner.rows()
    await apply(issuer('a'))
    await store.fresh()
    state.inner = createMemoryTable(backup)
    state.seconds += 2 * POLL
    await store.fresh()
    expect(store.current().revision).toBe(2)
    expect(reported).toEqual(['policy.loaded', 'policy.revision_backwards'])
    await expect(store.refresh()).rejects.toMatchObject({ code: 'policy_unavailable' })
    state.seconds += MAX_STALE
    await store.fresh()
    expect(() => store.current()).toThrow(expect.objectContaining({ code: 'policy_unavailable' }))
  })

  it('never shows half a set while applies pass', async () => {
    const { store, apply } = setup()
    await apply(issuer('x0'), issuer('y0'))
    await store.fresh()
    let done = false
    const applies = (async () => {
      for (let at = 1; at <= 20; at++) {
        await apply(issuer(`x${at}`), issuer(`y${at}`))
      }
      done = true
    })()
    while (!done) {
      await store.refresh()
      const { revision, issuerOf } = store.current()
      expect(issuerOf(`https://x${revision - 1}.example`)).toBeDefined()
      expect(issuerOf(`https://y${revision - 1}.example`)).toBeDefined()
    }
    await applies
  })

  it('finds targets by name and by resource, byte for byte', async () => {
    const { store, apply } = setup()
    await apply(target('ledger', { resources: ['https://ledger.example/api'] }))
    await store.fresh()
    const snapshot = store.current()
    expect(snapshot.target('ledger')).toMatchObject({
      access: 'read',
      token: { algorithm: 'ES256', maxTtlSeconds: 3_600 },
    })
    expect(snapshot.targetByResource('https://ledger.example/api')?.name).toBe('ledger')
    for (const odd of [
      'https://ledger.example/api/',
      'HTTPS://ledger.example/api',
      'https://ledger.example/',
      'ledger',
      '',
    ]) {
      expect(snapshot.targetByResource(odd)).toBeUndefined()
    }
    expect(snapshot.target('constructor')).toBeUndefined()
  })

  it('polls by itself once started, and stops', async () => {
    const { state, store, apply } = setup()
    await apply(issuer('a'))
    store.start()
    store.start()
    await store.fresh()
    expect(store.current().revision).toBe(1)
    store.stop()
    expect(state.reads).toBeGreaterThan(0)
  })
})
