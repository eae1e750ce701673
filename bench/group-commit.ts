import { randomUUID } from 'node:crypto'
import type { DecidedEntry, Entry } from '../shared/audit/entry.ts'
import { createJournal } from '../shared/audit/journal.ts'
import { createAzure } from '../shared/azure/azure.ts'
import type { Table } from '../shared/azure/table.ts'
import { loadConfig } from '../shared/config.ts'
import { Secret } from '../shared/secrets/secret.ts'
import { type Benchmark, median, round, spreadOf } from './figure.ts'
import { startStack } from './stack.ts'

const ROUNDS = 5
const SECONDS = 3
/** Saturated: so many accesses at once, each an intent that is waited for and a result that follows. */
const SATURATED = 1_000
/** Load as in B1. */
const AT_LOAD = 50

/** B5: what an access costs in table transactions. */
export const groupCommit: Benchmark = {
  id: 'B5',
  what: 'journal entries in one insert, against a loop of raw inserts',
  run: async (say) => {
    const stack = await startStack()
    try {
      const azure = createAzure(loadConfig(stack.environment))
      const table = azure.table('audit')
      const rounds = []
      for (let index = 0; index < ROUNDS; index++) {
        const raw = await rawInserts(table)
        const saturated = await accesses(table, SATURATED)
        const load = await accesses(table, AT_LOAD)
        say(
          `raw ${Math.round(raw)} inserts/s; saturated ${Math.round(saturated.entriesPerSecond)} entries/s in ${round(saturated.entriesPerInsert, 1)} an insert; at load ${round(load.insertsPerAccess, 4)} inserts an access`,
        )
        rounds.push({ raw, saturated, load })
      }
      const idle = await accesses(table, 1, 20)
      const perInsert = rounds.map(({ saturated }) => saturated.entriesPerInsert)
      const atLoad = median(rounds.map(({ load }) => load.insertsPerAccess))
      const value = median(perInsert)
      const [low, high] = spreadOf(perInsert)
      return {
        what: 'entries in one table transaction, saturated',
        value: round(value, 1),
        unit: 'entries an insert (raw loop: 1)',
        goal: '≥ 20; ≤ 0.05 table transactions an access at load, ≤ 2 idle',
        met: value >= 20 && atLoad <= 0.05 && idle.insertsPerAccess <= 2,
        spread: [round(low, 1), round(high, 1)] as [number, number],
        baseline: 'a loop of inserts of one entity each, same table, same concurrency',
        notes: {
          'table transactions an access at load': round(atLoad, 4),
          'table transactions an access, idle': round(idle.insertsPerAccess, 2),
          'entries/s saturated': Math.round(median(rounds.map(({ saturated }) => saturated.entriesPerSecond))),
          'raw inserts/s': Math.round(median(rounds.map(({ raw }) => raw))),
        },
      }
    } finally {
      await stack.stop()
    }
  },
}

async function accesses(table: Table, concurrency: number, limit = Number.POSITIVE_INFINITY) {
  const master = new Secret('m'.repeat(43))
  const journal = createJournal({
    table,
    master: async () => master,
    now: Date.now,
    deadlineMs: 10_000,
    build: 'bench',
    instance: 'bench',
    report: () => {},
  })
  await journal.record(intent())
  const before = journal.status()
  const until = performance.now() + SECONDS * 1_000
  let done = 0
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (performance.now() < until && done < limit) {
        const entry = intent()
        await journal.record(entry)
        journal.follow(result(entry))
        done++
      }
    }),
  )
  const after = journal.status()
  await journal.close()
  const inserts = after.inserts - before.inserts
  const entries = after.entries - before.entries
  return { entriesPerInsert: entries / inserts, insertsPerAccess: inserts / done, entriesPerSecond: entries / SECONDS }
}

async function rawInserts(table: Table): Promise<number> {
  const until = performance.now() + SECONDS * 1_000
  let done = 0
  const line = JSON.stringify(intent())
  await Promise.all(
    Array.from({ length: AT_LOAD }, async () => {
      while (performance.now() < until) {
        await table.insert({ partitionKey: `raw|${randomUUID()}`, rowKey: '0', line })
        done++
      }
    }),
  )
  return done / SECONDS
}

function intent(): DecidedEntry {
  return {
    kind: 'intent',
    txn: randomUUID(),
    time: new Date().toISOString(),
    principal: {
      id: 'entra:t:o',
      issuerName: 'local',
      kind: 'entra',
      groups: [],
      roles: [],
      claims: { iss: 'https://issuer.example', aud: 'api://sallyport', ver: '2.0' },
    },
    action: 'secret:get',
    resource: 'secret/main/stripe-api-key',
    context: { clientAddress: '127.0.0.1' },
    decision: {
      effect: 'permit',
      reason: 'permitted',
      statementIds: ['billing-reads-stripe'],
      reported: [],
      obligations: {},
      revision: 1,
    },
    handout: { vault: 'main', name: 'stripe-api-key', version: '0'.repeat(32), valueHash: 'h'.repeat(43) },
  }
}

const result = ({ txn, time }: DecidedEntry): Entry => ({ kind: 'result', txn, time, outcome: 'ok' })
