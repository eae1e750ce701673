import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { beforeAll, describe, expect, test } from 'vitest'
import { queryJournal } from '../../../shared/audit/query.ts'
import { verifyJournal } from '../../../shared/audit/verify.ts'
import { createAzure } from '../../../shared/azure/azure.ts'
import type { Table } from '../../../shared/azure/table.ts'
import { rig } from '../../support/rig.ts'
import { faultyStorage } from './faulty-storage.ts'
import { intent, journalOver, MASTER, result } from './fixtures.ts'

// The journal over real storage: the production table client, Azurite, TLS.

let kit: ReturnType<typeof rig>
let table: Table

beforeAll(async () => {
  kit = rig()
  await kit.createStorage()
  table = createAzure(kit.config()).table('audit')
})

const verify = () => verifyJournal({ blocks: () => table.list({}), master: MASTER, now: Date.now() })

async function txnsOf(kind: string): Promise<Set<string>> {
  const found = new Set<string>()
  for await (const { entry } of queryJournal({ table, filter: {}, order: 'oldest', now: Date.now() })) {
    if (entry.kind === kind && 'txn' in entry) found.add(entry.txn)
  }
  return found
}

test('B5: 1,000 concurrent intents and their results take a few inserts, and all verify', async () => {
  const { journal } = journalOver({ table }, { deadlineMs: 10_000 })
  const txns = Array.from({ length: 1_000 }, (_, n) => `many-${n}`)
  await Promise.all(
    txns.map(async (txn) => {
      await journal.record(intent(txn))
      journal.follow(result(txn))
    }),
  )
  await journal.close()
  const { entries, inserts, lost } = journal.status()
  expect({ entries, lost }).toEqual({ entries: 2_002, lost: 0 })
  expect(inserts).toBeLessThanOrEqual(entries / 20)
  expect(await verify()).toMatchObject({
    ok: true,
    wrong: [],
    entries: 2_002,
    openWriters: 0,
    pending: 0,
    unknownCount: 0,
  })
  expect(await txnsOf('result')).toEqual(new Set(txns))
})

test('kill -9 of a writer: every acknowledged intent is in the table, and the chain verifies', async () => {
  const writer = spawn(process.execPath, [`${import.meta.dirname}/writer-process.ts`], {
    env: { ...process.env, ...kit.environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const acknowledged: string[] = []
  for await (const txn of createInterface({ input: writer.stdout })) {
    acknowledged.push(txn)
    if (acknowledged.length === 200) writer.kill('SIGKILL')
  }
  if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit')
  expect(acknowledged.length).toBeGreaterThanOrEqual(200)
  const stored = await txnsOf('intent')
  expect(acknowledged.filter((txn) => !stored.has(txn))).toEqual([])
  const report = await verify()
  expect(report).toMatchObject({ ok: true, wrong: [], openWriters: 1 })
})

describe('T27: storage that fails in the middle', () => {
  test('a lost answer is found again: one block, no loss, the same writer', async () => {
    const storage = await faultyStorage(kit.config())
    const { journal } = journalOver({ table: storage.table }, { deadlineMs: 10_000 })
    await journal.record(intent('before'))
    storage.loseNextAnswer()
    const receipt = await journal.record(intent('lost-answer'))
    await journal.close()
    await storage.close()
    expect(receipt).toMatchObject({ wid: journal.status().wid, seq: 2 })
    expect(journal.status()).toMatchObject({ entries: 4, blocks: 4 })
    expect(await verify()).toMatchObject({ ok: true, late: [] })
  })

  test('503 journal_unavailable within the deadline when answers stop; the late block is told, everything goes on', async () => {
    const storage = await faultyStorage(kit.config())
    const { journal } = journalOver({ table: storage.table }, { deadlineMs: 1_000 })
    const { wid } = await journal.record(intent('acted-upon'))
    storage.silence(true)
    const refused = journal.record(intent('refused'))
    journal.follow(result('acted-upon'))
    await expect(refused).rejects.toMatchObject({ code: 'journal_unavailable' })
    storage.silence(false)
    const next = await firstSuccess(() => journal.record(intent('again')))
    expect(next.wid).not.toBe(wid)
    await journal.close()
    await storage.close()
    const report = await verify()
    expect(report).toMatchObject({ ok: true, wrong: [], late: [{ writer: wid, block: 2, intents: 1 }] })
    expect(await txnsOf('result')).toContain('acted-upon')
  })

  test('503 journal_unavailable while storage is down, then recovers by itself without a trace of the refused', async () => {
    const storage = await faultyStorage(kit.config())
    const { journal } = journalOver({ table: storage.table }, { deadlineMs: 1_000 })
    storage.down(true)
    await expect(journal.record(intent('never-written'))).rejects.toMatchObject({ code: 'journal_unavailable' })
    storage.down(false)
    await firstSuccess(() => journal.record(intent('written')))
    await journal.close()
    await storage.close()
    const intents = await txnsOf('intent')
    expect([intents.has('never-written'), intents.has('written')]).toEqual([false, true])
    expect(await verify()).toMatchObject({ ok: true, wrong: [] })
  })
})

/** The journal opens a new writer in the background: requests are refused, each within its deadline, until it has. */
async function firstSuccess<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; tries < 10; tries++) {
    const [outcome] = await Promise.allSettled([work()])
    if (outcome.status === 'fulfilled') return outcome.value
  }
  return work()
}
