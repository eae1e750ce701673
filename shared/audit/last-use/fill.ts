import { z } from 'zod'
import type { Table } from '../../azure/table.ts'
import type { StoredEntry } from '../read-block.ts'
import { createActivity } from './activity.ts'
import { createUses, type Use } from './uses.ts'
import { entriesSince, forgetOld, type Positions } from './walk.ts'

export type FillDeps = {
  /** Table `audit`. */
  audit: Table
  /** Table `lastuse`. */
  lastUse: Table
  now: () => number
  /** How long an entry may wait before it is durable, milliseconds. */
  journalDeadlineMs: number
}

/** `knownUntil`: every read before it is in the index (milliseconds). */
export type Filled = { entries: number; reads: number; knownUntil: number }

const CURSOR = { partitionKey: '_cursor', rowKey: 'journal' } as const
const CALL = { deadlineMs: 10_000 }
/** A clock of another instance may be off by this much (T28); entries carry the time of their own. */
const SKEW_MS = 1_000
const FLUSH_AT = 5_000

/**
 * Takes what is new in the journal into the index of last uses. Late, twice, on two instances at once: it only ever moves
 * forward. Throws StorageError; what was taken in before stays, and is taken in again.
 */
export async function fillLastUse({ audit, lastUse, now, journalDeadlineMs }: FillDeps): Promise<Filled> {
  const began = now()
  const cursor = await readCursor(lastUse)
  const positions: Positions = { ...cursor.positions }
  const uses = createUses(lastUse)
  const filled = { entries: 0, reads: 0, knownUntil: Math.max(cursor.knownUntil, began - journalDeadlineMs - SKEW_MS) }
  let found = new Map<string, { resource: string; use: Use }>()
  const activity = createActivity()
  const flush = async () => {
    await activity.write(lastUse)
    for (const { resource, use } of found.values()) await uses.add(resource, use)
    found = new Map()
  }
  for await (const entry of entriesSince(audit, { positions, now: began })) {
    filled.entries += 1
    activity.add(entry)
    const read = readOf(entry)
    if (read) {
      filled.reads += 1
      merge(found, read)
    }
    if (found.size + activity.size() >= FLUSH_AT) await flush()
  }
  await flush()
  if (filled.entries > 0 || filled.knownUntil > cursor.knownUntil) {
    const row = { ...CURSOR, positions: JSON.stringify(forgetOld(positions, began)), knownUntil: filled.knownUntil }
    await (cursor.etag === undefined ? lastUse.insert(row, CALL) : lastUse.replace(row, cursor.etag, CALL))
  }
  return filled
}

/** Up to when the index is complete; the beginning of time before it was ever filled. */
export async function knownUntil(lastUse: Table): Promise<number> {
  return (await readCursor(lastUse)).knownUntil
}

const PositionsRow = z.record(z.string(), z.int())

async function readCursor(lastUse: Table): Promise<{ positions: Positions; knownUntil: number; etag?: string }> {
  const row = await lastUse.get(CURSOR.partitionKey, CURSOR.rowKey, CALL)
  if (!row) return { positions: {}, knownUntil: Number.NEGATIVE_INFINITY }
  try {
    const positions = PositionsRow.parse(JSON.parse(String(row['positions'])))
    return { positions, knownUntil: Number(row['knownUntil']), etag: row.etag }
  } catch {
    // Nonsense: everything is read again, and until then nothing is known.
    return { positions: {}, knownUntil: Number.NEGATIVE_INFINITY, etag: row.etag }
  }
}

/** A value that left: its intent names the version. Who showed a handle has it, whoever made the handle. */
function readOf(entry: StoredEntry): { resource: string; use: Use } | undefined {
  if (entry.kind !== 'intent' || entry.action !== 'secret:get') return undefined
  const version = entry.handout?.version
  const at = Date.parse(entry.time)
  if (version === undefined || !Number.isFinite(at)) return undefined
  const principal = entry.presenter ?? entry.principal.id
  return { resource: entry.resource, use: { principal, version, firstRead: at, lastRead: at, reads: 1 } }
}

function merge(found: Map<string, { resource: string; use: Use }>, { resource, use }: { resource: string; use: Use }) {
  const key = JSON.stringify([resource, use.principal, use.version])
  const known = found.get(key)?.use
  if (!known) return void found.set(key, { resource, use })
  known.firstRead = Math.min(known.firstRead, use.firstRead)
  known.lastRead = Math.max(known.lastRead, use.lastRead)
  known.reads += use.reads
}
