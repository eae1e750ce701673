import { describe, expect, it } from 'vitest'
import type { Entry } from '../../../shared/audit/entry.ts'
import { StorageError, type Table } from '../../../shared/azure/table.ts'
import { GatewayError } from '../../../shared/errors.ts'
import { createGate } from '../../../shared/gate.ts'
import type { Gateway } from '../../../shared/gateway.ts'
import { type Handle, makerOf } from '../../../shared/handles/handle.ts'
import { createHandles } from '../../../shared/handles/handles.ts'
import { redeemHandle } from '../../../shared/handles/redeem-handle.ts'
import type { Principal } from '../../../shared/identity/principal.ts'
import type { Obligations, RequestContext } from '../../../shared/policy/decision.ts'
import { Secret } from '../../../shared/secrets/secret.ts'
import { memoryLimits } from '../../support/limits.ts'
import { createMemoryTable } from '../../support/memory-table.ts'
import { principal } from '../../support/principal.ts'

const NOW = Date.UTC(2026, 10, 25, 14, 30)
const VERSION = '0'.repeat(32)
const ID = '22222222-2222-4222-8222-222222222222'
const HANDLE: Handle = {
  ...{ id: ID, vault: 'main', name: 'key', maker: 'entra:t:o', redeemer: 'entra:t:o' },
  ...{ madeAt: NOW, expiresAt: NOW + 60_000, validatedAt: NOW },
}

/** Everything a redemption meets, with a journal and a table that the test can break. */
async function rig(over: (table: Table) => Table = (table) => table, obligations: Obligations = {}) {
  const table = createMemoryTable()
  const entries: Entry[] = []
  const broken = { journal: false }
  const now = () => NOW
  const links = {
    maxSeconds: 28_800,
    isTrusted: () => true,
    throughOf: () => Promise.reject(new Error('no grant here')),
  }
  const seal = async () => (text: string) => `sealed ${text.length}`
  const handlesOn = (one: Table) => createHandles({ table: one, seal, report: () => undefined, ...links })
  await handlesOn(table).insert(HANDLE, makerOf(principal()))
  const { admit } = createGate({
    decide: () => ({ effect: 'permit', reason: 'test', statementIds: [], reported: [], obligations, revision: 1 }),
    refreshPolicy: async () => undefined,
    limits: memoryLimits(now),
    journal: {
      record: async (entry) => {
        if (broken.journal) throw new GatewayError('journal_unavailable', 'test')
        entries.push(entry)
        return { wid: 'w', seq: entries.length, macPrefix: 'm' }
      },
      follow: (entry) => void entries.push(entry),
      close: async () => undefined,
    },
    now,
  })
  const value = new Secret('v4lue', 'secret/main/key')
  const secret = { name: 'key', version: VERSION, enabled: true, tags: {}, value }
  const reading = { secret, stage: 'current', stale: false, handedOutUntil: NOW }
  const secrets = {
    lookUp: () => async () => ({
      handout: { vault: 'main', name: 'key', version: VERSION },
      sealed: { kind: 'secret', reading },
    }),
  }
  const deps = { admit, secrets, handles: handlesOn(over(table)), now } as unknown as Gateway
  let count = 0
  const redeem = (presented: Partial<Principal> = {}, context: RequestContext = {}) =>
    redeemHandle(deps, { txn: `txn-${++count}`, principal: principal(presented), context }, ID)
  return { redeem, entries, broken, table, restored: { ...deps, handles: handlesOn(table) } as Gateway }
}

const kinds = (entries: readonly Entry[]) =>
  entries.map((entry) => {
    if (entry.kind === 'result') return `result ${entry.outcome} ${entry.reason ?? ''}`.trim()
    return `${entry.kind} ${'refusal' in entry ? (entry.refusal ?? '') : ''}`.trim()
  })

describe('redeemHandle', () => {
  it('exactly one of 64 at once gets the value; the others are refused and recorded', async () => {
    const { redeem, entries } = await rig()
    const outcomes = await Promise.allSettled(Array.from({ length: 64 }, () => redeem()))
    const values = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value.json] : []))
    expect(values).toMatchObject([{ value: 'v4lue' }])
    const refusals = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    expect(refusals).toEqual(Array(63).fill('handle_redeemed'))
    expect(kinds(entries).filter((kind) => kind === 'result ok')).toHaveLength(1)
  })

  it('503 journal_unavailable: no value and the handle is not used up', async () => {
    const { redeem, broken, table } = await rig()
    broken.journal = true
    await expect(redeem()).rejects.toMatchObject({ code: 'journal_unavailable' })
    expect(table.rows()).toHaveLength(1)
    broken.journal = false
    expect(await redeem()).toMatchObject({ json: { value: 'v4lue' } })
  })

  it('the intent is durable before the handle is consumed, and it is consumed before the value is opened', async () => {
    const order: string[] = []
    const { redeem, entries } = await rig((table) => ({
      ...table,
      insert: async (row) => {
        order.push(`insert ${row.rowKey} after ${kinds(entries).join(', ')}`)
        return table.insert(row)
      },
    }))
    await redeem()
    expect(order).toEqual(['insert redeemed after intent'])
    expect(kinds(entries)).toEqual(['intent', 'result ok'])
  })

  it('dies after it was consumed: lost, 410 for ever, and the record says that it failed', async () => {
    const { redeem, entries, restored } = await rig((table) => ({
      ...table,
      insert: async (row) => {
        await table.insert(row)
        throw new StorageError('timeout')
      },
    }))
    await expect(redeem()).rejects.toMatchObject({ code: 'storage_unavailable' })
    expect(kinds(entries)).toEqual(['intent', 'result failed handles_timeout'])
    const again = redeemHandle(restored, { txn: 'later', principal: principal(), context: {} }, ID)
    await expect(again).rejects.toMatchObject({ code: 'handle_redeemed' })
  })

  it('an insert that had committed and was retried is one’s own', async () => {
    const { redeem } = await rig((table) => ({
      ...table,
      insert: async (row) => {
        await table.insert(row)
        return table.insert(row)
      },
    }))
    expect(await redeem()).toMatchObject({ json: { value: 'v4lue' } })
    await expect(redeem()).rejects.toMatchObject({ code: 'handle_redeemed' })
  })

  it('403 dpop_required unless what the redeemer presents was bound to the key it proves', async () => {
    const { redeem } = await rig(undefined, { requireDpop: true, oneTime: true })
    const context = { dpopThumbprint: 'key' }
    await expect(redeem()).rejects.toMatchObject({ code: 'dpop_required' })
    await expect(redeem({}, context)).rejects.toMatchObject({ code: 'dpop_required' })
    await expect(redeem({ boundTo: 'other' }, context)).rejects.toMatchObject({ code: 'dpop_required' })
    expect(await redeem({ boundTo: 'key' }, context)).toMatchObject({ json: { value: 'v4lue' } })
  })

  it('503 storage_unavailable, nothing recorded as handed out: the table is down', async () => {
    const { redeem, entries } = await rig((table) => ({
      ...table,
      get: () => Promise.reject(new StorageError('unreachable')),
    }))
    await expect(redeem()).rejects.toMatchObject({ code: 'storage_unavailable', reason: 'handles_unreachable' })
    expect(entries).toEqual([])
  })
})
