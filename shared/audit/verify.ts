import type { StoredRow } from '../azure/table.ts'
import type { Secret } from '../secrets/secret.ts'
import { createWriterCheck, type WriterCheck } from './check-writer.ts'
import { createPairing, type Pairing, type ResultPlace } from './pair-results.ts'
import { readBlock, type StoredBlock, type StoredEntry } from './read-block.ts'
import { type Finding, type LateBlock, MAX_LISTED, type OpenIntent, type Report } from './report.ts'

export type VerifyDeps = {
  /** Rows of the `audit` table in key order; opened again for a second look. */
  blocks: () => AsyncIterable<StoredRow>
  /** Without it no MAC can be checked, and the report says so. */
  master?: Secret
  now: number
}

/** An act that takes longer than this without a result is told as unknown. */
const RESULT_DUE_MS = 60_000

/**
 * Checks a whole journal, streaming: memory grows with the writers and the open intents, not with the entries. What looks wrong is
 * looked at twice, because the gateway may be writing meanwhile: the second reading stands.
 */
export async function verifyJournal(deps: VerifyDeps): Promise<Report> {
  const first = await verifyOnce(deps)
  return first.ok ? first : verifyOnce(deps)
}

async function verifyOnce({ blocks, master, now }: VerifyDeps): Promise<Report> {
  const findings = createFindings()
  const writers = new Map<string, WriterCheck>()
  const pairing = createPairing()
  // That nobody knows what came of an act is no proof that it was done: its intent stays open.
  const unknowns: ResultPlace[] = []
  const counts = { blocks: 0, entries: 0, kinds: {} as Record<string, number>, hours: [] as string[] }
  for await (const row of blocks()) {
    const stored = readBlock(row)
    if (!stored) {
      findings.add({ code: 'foreign_row', message: 'a row that is not a journal block' })
      continue
    }
    const { wid } = stored
    const writer =
      writers.get(wid) ?? createWriterCheck(wid, (found) => findings.add({ ...found, writer: wid }), master)
    writers.set(wid, writer)
    count(counts, stored)
    for (const entry of writer.block(stored)) {
      if (entry.kind === 'result' && entry.outcome === 'unknown') unknowns.push(placeOf(entry.txn, entry.seq, stored))
      else pair(pairing, entry, stored)
    }
  }
  const late = checkResumptions(writers, pairing, findings.add)
  const orphans = pairing.orphans()
  const lone = await checkOrphans([...orphans, ...unknowns], blocks, findings.add)
  const repeatedResults = orphans.filter(({ txn }) => !lone.has(txn)).length
  const open = pairing.open().filter((intent) => !isLate(intent, late))
  const unknown = open.filter(({ time }) => !(now - Date.parse(time) <= RESULT_DUE_MS))
  return {
    ok: findings.count() === 0,
    levels: levels(master !== undefined),
    ...(counts.hours[0] && { from: counts.hours[0], to: counts.hours[1] ?? counts.hours[0] }),
    writers: writers.size,
    openWriters: [...writers.values()].filter((writer) => !writer.closed()).length,
    blocks: counts.blocks,
    entries: counts.entries,
    kinds: counts.kinds,
    wrong: findings.listed,
    wrongCount: findings.count(),
    late,
    unknown: unknown.slice(0, MAX_LISTED),
    unknownCount: unknown.length,
    pending: open.length - unknown.length,
    repeatedResults,
  }
}

function levels(withMaster: boolean): Report['levels'] {
  return {
    master: withMaster
      ? { checked: true, says: 'the MAC of every entry, its place in the chain of its writer, every resumption' }
      : { checked: false, says: 'no master: only numbers, form and pairing were checked, and those can be forged' },
    publicKey: { checked: false, says: 'there are no signed checkpoints to check' },
  }
}

type Counts = { blocks: number; entries: number; kinds: Record<string, number>; hours: string[] }

function count(counts: Counts, { hour, lines }: StoredBlock): void {
  counts.blocks++
  counts.entries += lines.length
  counts.hours = [counts.hours[0] ?? hour, hour]
  for (const { entry } of lines) {
    const kind = entry?.kind ?? 'malformed'
    counts.kinds[kind] = (counts.kinds[kind] ?? 0) + 1
  }
}

function pair(pairing: Pairing, entry: StoredEntry, { wid, block }: StoredBlock): void {
  if (entry.kind === 'intent') {
    pairing.intent({ txn: entry.txn, writer: wid, block, entry: entry.seq, time: entry.time })
  } else if (entry.kind === 'result') {
    pairing.result(placeOf(entry.txn, entry.seq, { wid, block }))
  }
}

const placeOf = (txn: string, entry: number, { wid, block }: Pick<StoredBlock, 'wid' | 'block'>): ResultPlace => ({
  ...{ txn, writer: wid, block, entry },
})

type Add = (finding: Finding) => void

const isLate = (intent: OpenIntent, late: readonly LateBlock[]) =>
  late.some(({ writer, block }) => writer === intent.writer && block === intent.block)

/** Every `resumes` names a writer that ends there, or one block later. */
function checkResumptions(writers: ReadonlyMap<string, WriterCheck>, pairing: Pairing, add: Add): LateBlock[] {
  const late: LateBlock[] = []
  const seen = new Set<string>()
  for (const [by, writer] of writers) {
    const resumes = writer.resumes()
    if (!resumes) continue
    const { wid, block, mac } = resumes
    const resumed = writers.get(wid)
    const wrong = (code: Finding['code'], message: string) => add({ code, writer: wid, block, message })
    if (seen.has(wid)) wrong('resumed_twice', `a second writer (${by}) resumes this one`)
    seen.add(wid)
    if (!resumed) {
      wrong('writer_missing', `no block of this writer is left, but ${by} resumes it after block ${block}`)
      continue
    }
    const [last, before] = resumed.heads()
    if (!last || last.block < block)
      wrong('tail_missing', `${by} resumes after block ${block}, the last one is ${last?.block}`)
    else if (last.block > block + 1)
      wrong('written_after_resumed', `blocks up to ${last.block} although ${by} resumed after ${block}`)
    else if ((last.block === block ? last : before)?.mac !== mac)
      wrong('resumed_head_differs', `${by} knows another block ${block}`)
    else if (last.block === block + 1) late.push(lateBlock({ writer: wid, block: last.block, resumed, pairing, add }))
  }
  return late
}

type Late = { writer: string; block: number; resumed: WriterCheck; pairing: Pairing; add: Add }

/** A block that arrived after it was given up: the requests in it were refused, so none of its intents may have a result. */
function lateBlock({ writer, block, resumed, pairing, add }: Late): LateBlock {
  const intents = resumed.lastIntents().length
  const open = pairing.open().filter((intent) => intent.writer === writer && intent.block === block)
  if (open.length < intents) {
    const message = `${intents - open.length} intents of late block ${block} have a result, although they were refused`
    add({ code: 'late_intent_acted_upon', writer, block, message })
  }
  return { writer, block, intents }
}

/** Results that met no act left: a second result, `unknown`, or one without any intent, which is wrong; gives these. Reads the journal again if there are any. */
async function checkOrphans(orphans: ResultPlace[], blocks: VerifyDeps['blocks'], add: Add): Promise<Set<string>> {
  if (orphans.length === 0) return new Set()
  const wanted = new Set(orphans.map(({ txn }) => txn))
  const intended = new Set<string>()
  for await (const row of blocks()) {
    for (const { entry } of readBlock(row)?.lines ?? []) {
      if (entry?.kind === 'intent' && wanted.has(entry.txn)) intended.add(entry.txn)
    }
  }
  const lone = orphans.filter(({ txn }) => !intended.has(txn))
  for (const { txn, ...place } of lone) {
    add({ code: 'result_without_intent', ...place, message: `result of ${txn} without an intent` })
  }
  return new Set(lone.map(({ txn }) => txn))
}

function createFindings() {
  const listed: Finding[] = []
  let found = 0
  return {
    listed,
    count: () => found,
    add(finding: Finding) {
      if (found++ < MAX_LISTED) listed.push(finding)
    },
  }
}
