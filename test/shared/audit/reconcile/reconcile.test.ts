import { beforeAll, describe, expect, it } from 'vitest'
import type { Entry, Journal } from '../../../../shared/audit/entry.ts'
import { createJournal } from '../../../../shared/audit/journal.ts'
import { entriesSince } from '../../../../shared/audit/last-use/walk.ts'
import { type ReconcileDeps, reconcile } from '../../../../shared/audit/reconcile/reconcile.ts'
import { verifyJournal } from '../../../../shared/audit/verify.ts'
import { createAzure } from '../../../../shared/azure/azure.ts'
import type { Table } from '../../../../shared/azure/table.ts'
import { Secret } from '../../../../shared/secrets/secret.ts'
import { principal } from '../../../support/principal.ts'
import { rig } from '../../../support/rig.ts'

const local = rig()
const clock = { now: Date.UTC(2026, 10, 25, 10, 30) }
const now = () => clock.now
const MASTER = new Secret('m'.repeat(32))

let audit: Table
let leases: Table
let journal: Journal

beforeAll(async () => {
  await local.createStorage()
  const azure = createAzure(local.config())
  audit = azure.table('audit')
  leases = azure.table('leases')
  journal = writer()
  return () => journal.close()
})

const writer = (): Journal =>
  createJournal({
    ...{ table: audit, now, deadlineMs: 5_000, build: 'test', instance: 'test', report: () => undefined },
    master: async () => MASTER,
  })

function intent(txn: string): Entry {
  const { id, issuerName, kind, groups, roles, claims } = principal({ id: 'entra:a' })
  const decision = {
    effect: 'permit',
    reason: 'permitted',
    statementIds: [],
    reported: [],
    obligations: {},
    revision: 1,
  }
  return {
    ...{ kind: 'intent', txn, time: new Date(clock.now).toISOString(), context: {}, decision },
    principal: { id, issuerName, kind, groups, roles, claims },
    ...{ action: 'secret:get', resource: 'secret/main/key' },
  } as Entry
}
const result = (txn: string): Entry => ({ kind: 'result', txn, time: new Date(clock.now).toISOString(), outcome: 'ok' })

const run = (more: Partial<ReconcileDeps> = {}) =>
  reconcile({ audit, leases, journal, now, bounds: { rows: 10_000, over: () => false }, ...more })

async function outcomes(txn: string): Promise<string[]> {
  const found: string[] = []
  for await (const entry of entriesSince(audit, { positions: {}, now: clock.now }))
    if (entry.kind === 'result' && entry.txn === txn) found.push(entry.outcome)
  return found
}

describe('an intent without a result (audit.md)', () => {
  it('result unknown after 60 s, and not before; exactly one, however often it runs', async () => {
    await journal.record(intent('lost'))
    await journal.record(intent('done'))
    await journal.record(result('done'))
    clock.now += 59_000
    expect(await run()).toBe(0)
    clock.now += 2_000
    expect(await run()).toBe(1)
    expect(await run()).toBe(0)
    clock.now += 600_000
    expect(await run()).toBe(0)
    expect(await outcomes('lost')).toEqual(['unknown'])
    expect(await outcomes('done')).toEqual(['ok'])
  })

  it('exactly one with several instances at once', async () => {
    for (let at = 0; at < 20; at += 1) await journal.record(intent(`race${at}`))
    clock.now += 61_000
    const counts = await Promise.all([run(), run(), run()])
    expect(counts.reduce((sum, count) => sum + count)).toBe(20)
    for (let at = 0; at < 20; at += 1) expect(await outcomes(`race${at}`)).toEqual(['unknown'])
  })

  it('exactly one although it was killed between writing it and noting it', async () => {
    await journal.record(intent('killed'))
    clock.now += 61_000
    const dead: Table = { ...leases, replace: failing, insert: failing }
    let writes = 0
    // The lease is taken; everything after the results is lost.
    const dying: Table = {
      ...leases,
      replace: (...args) => (++writes > 2 ? dead.replace(...args) : leases.replace(...args)),
    }
    await expect(run({ leases: dying })).rejects.toThrow()
    expect(await outcomes('killed')).toEqual(['unknown'])
    // Nobody gave the lease back: it is free when its time is over.
    expect(await run()).toBe(0)
    clock.now += 6 * 60_000
    expect(await run()).toBe(0)
    expect(await outcomes('killed')).toEqual(['unknown'])
  })

  it('judges nothing before everything new was read', async () => {
    for (let at = 0; at < 5; at += 1) await journal.record(intent(`many${at}`))
    clock.now += 61_000
    expect(await run({ bounds: { rows: 2, over: () => false } })).toBe(0)
    expect(await run()).toBe(5)
  })

  it('tolerates a result that comes late, in the verifier too', async () => {
    await journal.record(intent('late'))
    clock.now += 61_000
    expect(await run()).toBe(1)
    await journal.record(result('late'))
    expect(await run()).toBe(0)
    clock.now += 3 * 3_600_000
    expect(await run()).toBe(0)
    expect(await outcomes('late')).toEqual(['unknown', 'ok'])
    const report = await verifyJournal({ blocks: () => audit.list({}), master: MASTER, now: clock.now })
    expect(report).toMatchObject({ ok: true, wrong: [], repeatedResults: 0 })
  })
})

const failing = async (): Promise<never> => {
  throw new Error('killed')
}
