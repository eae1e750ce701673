import fc from 'fast-check'
import type { DecidedEntry, Entry, ResultEntry } from '../../../shared/audit/entry.ts'
import { createJournal, type JournalDeps } from '../../../shared/audit/journal.ts'
import type { Table } from '../../../shared/azure/table.ts'
import { Secret } from '../../../shared/secrets/secret.ts'
import type { memoryTable } from './memory-table.ts'

export const MASTER = new Secret('test-journal-master-of-43-base64url-chars-x')
/** In the middle of an hour, so that only the tests about hours cross one. */
export const NOW = Date.parse('2026-11-25T18:30:00.000Z')
export const DEADLINE_MS = 2_000

export function intent(txn: string, overrides: Partial<DecidedEntry> = {}): DecidedEntry {
  return {
    kind: 'intent',
    txn,
    time: new Date(Date.now()).toISOString(),
    principal: {
      id: 'entra:11111111-1111-4111-8111-111111111111:22222222-2222-4222-8222-222222222222',
      issuerName: 'local',
      kind: 'entra',
      groups: [],
      roles: ['reader'],
      claims: { tid: '11111111-1111-4111-8111-111111111111' },
    },
    action: 'secret:get',
    resource: 'secret/main/stripe-api-key',
    context: { clientAddress: '192.0.2.1' },
    decision: {
      effect: 'permit',
      reason: 'permitted',
      statementIds: ['billing-reads'],
      reported: [],
      obligations: {},
      revision: 7,
    },
    ...overrides,
  }
}

export function result(txn: string, overrides: Partial<ResultEntry> = {}): ResultEntry {
  return { kind: 'result', txn, time: new Date(Date.now()).toISOString(), outcome: 'ok', ...overrides }
}

export function denial(txn: string): DecidedEntry {
  const refused = intent(txn)
  return { ...refused, kind: 'denial', decision: { ...refused.decision, effect: 'deny', reason: 'no_permit' } }
}

/** A journal over a table in memory; reports are collected. */
export function journalOver(memory: { table: Table }, overrides: Partial<JournalDeps> = {}) {
  const reports: { event: string; detail: Record<string, unknown> }[] = []
  const journal = createJournal({
    table: memory.table,
    master: async () => MASTER,
    now: Date.now,
    deadlineMs: DEADLINE_MS,
    build: '0.1.0',
    instance: 'test',
    report: (event, detail) => void reports.push({ event, detail }),
    ...overrides,
  })
  return { journal, reports }
}

/** All entries of a table, block by block in key order, as `writer:block → entries`. */
export function blocksOf(memory: ReturnType<typeof memoryTable>): { wid: string; block: number; entries: Entry[] }[] {
  return memory.sorted().map((row) => ({
    wid: row.partitionKey.slice(11),
    block: Number(row.rowKey),
    entries: Object.entries(row)
      .filter(([name]) => name.startsWith('lines'))
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([, lines]) => String(lines).split('\n'))
      .map((line) => JSON.parse(line) as Entry),
  }))
}

/** Any UTF-16 units, lone surrogates included; fast-check's `unit: 'binary'` takes a second to set up. */
export const anyText = fc.array(fc.nat(0xffff), { maxLength: 20 }).map((units) => String.fromCharCode(...units))
