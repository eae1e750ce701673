import { describe, expect, it } from 'vitest'
import { createMemoryTable, type MemoryTable } from '../../support/memory-table.ts'
import { issuer, role } from '../../support/policy/documents.ts'
import { MAX_STALE, POLL, setup } from '../../support/policy/store.ts'

async function tamper(table: MemoryTable, rowKey: string, columns: Record<string, string>): Promise<void> {
  const row = table.rows().find((one) => one.rowKey === rowKey)
  if (!row) throw new Error(`no row ${rowKey}`)
  await table.replace({ ...row, ...columns }, row.etag)
}

describe('the policy store, when the table holds something else than it should', () => {
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
})
