import type { Secret } from '../secrets/secret.ts'
import { hourOf } from '../time-keys.ts'
import { createRatchet, keyIdOf, NO_MAC } from './ratchet.ts'
import type { StoredBlock, StoredEntry, StoredLine } from './read-block.ts'
import type { Finding } from './report.ts'

export type Resumes = { wid: string; block: number; mac: string }

export type WriterCheck = {
  /** Takes the blocks of this writer in the order of their keys; gives the entries that stand where they should. */
  block(stored: StoredBlock): StoredEntry[]
  /** Last two blocks that stood where they should, the newest first, and what the newest intended. */
  heads(): { block: number; mac: string }[]
  lastIntents(): readonly string[]
  resumes(): Resumes | undefined
  closed(): boolean
}

export type Found = (finding: Omit<Finding, 'writer'>) => void

/** The ratchet is turned at most this far over a gap: a forged sequence number must not keep the verifier busy. */
const MAX_GAP = 100_000

/**
 * Follows the chain of one writer. With the master every MAC is recomputed; without, only numbers and form are checked. After a
 * wrong entry the check goes on from its stored MAC, so that each wrong entry is told by itself.
 */
export function createWriterCheck(wid: string, found: Found, master?: Secret): WriterCheck {
  const ratchet = master && createRatchet(master, wid)
  let previous: Uint8Array | undefined = NO_MAC
  let nextSeq = 0
  let nextBlock = 0
  let hour = ''
  let heads: { block: number; mac: string }[] = []
  let lastIntents: string[] = []
  let resumes: Resumes | undefined
  let closed = false

  return {
    block(stored) {
      const { block } = stored
      if (block < nextBlock) {
        found({
          code: 'block_repeated',
          block,
          message: `block ${block} stands where block ${nextBlock} or later should`,
        })
        return []
      }
      if (block > nextBlock) skipBlocks(stored)
      nextBlock = block + 1
      for (const message of stored.faults) found({ code: 'malformed_block', block, message })
      checkHour(stored)
      const entries = stored.lines.map((line) => checkLine(line, block)).filter((entry) => entry !== undefined)
      heads = [{ block, mac: stored.lines.at(-1)?.mac ?? '' }, ...heads].slice(0, 2)
      lastIntents = entries.flatMap((entry) => (entry.kind === 'intent' ? [entry.txn] : []))
      return entries
    },
    heads: () => heads,
    lastIntents: () => lastIntents,
    resumes: () => resumes,
    closed: () => closed,
  }

  function skipBlocks({ block, lines }: StoredBlock): void {
    const range = block - 1 === nextBlock ? `block ${nextBlock} is` : `blocks ${nextBlock} to ${block - 1} are`
    const message = `${range} missing; the first entry after them cannot be checked`
    found({ code: 'blocks_missing', block: nextBlock, message })
    const seq = lines[0]?.entry?.seq
    if (seq !== undefined && seq > nextSeq) jump(seq)
  }

  /** Goes over a gap; the MAC before the next entry is unknown then. */
  function jump(seq: number): void {
    if (ratchet) for (let left = Math.min(seq - nextSeq, MAX_GAP); left > 0; left--) ratchet.advance()
    nextSeq = seq
    previous = undefined
  }

  function checkLine(line: StoredLine, block: number): StoredEntry | undefined {
    const { entry } = line
    if (!entry) {
      found({ code: 'malformed_entry', block, entry: nextSeq, message: `entry ${nextSeq} is not a journal line` })
      step(line)
      return undefined
    }
    if (entry.seq < nextSeq) {
      const message = `entry ${entry.seq} stands where entry ${nextSeq} should`
      found({ code: 'entry_repeated', block, entry: entry.seq, message })
      return undefined
    }
    if (entry.seq > nextSeq) {
      const range = entry.seq - 1 === nextSeq ? `entry ${nextSeq} is` : `entries ${nextSeq} to ${entry.seq - 1} are`
      const message = `${range} missing; entry ${entry.seq} cannot be checked`
      found({ code: 'entries_missing', block, entry: nextSeq, message })
      jump(entry.seq)
    }
    checkMac(line, entry, block)
    checkLife(entry, block)
    step(line)
    return entry
  }

  function checkMac({ body, mac }: StoredLine, { seq }: StoredEntry, block: number): void {
    if (!ratchet || !previous) return
    // Texts are compared, not bytes: base64url has several spellings of one MAC.
    if (ratchet.mac(previous, body).toString('base64url') === mac) return
    found({ code: 'mac_wrong', block, entry: seq, message: `the MAC of entry ${seq} is wrong` })
  }

  function step({ mac }: StoredLine): void {
    const bytes = Buffer.from(mac, 'base64url')
    previous = bytes.length === NO_MAC.length ? bytes : undefined
    ratchet?.advance()
    nextSeq++
  }

  /** `writer.open` first and once, nothing after `writer.close`. */
  function checkLife(entry: StoredEntry, block: number): void {
    const { seq } = entry
    const event = entry.kind === 'system' ? entry.event : undefined
    if ((seq === 0) !== (event === 'writer.open')) {
      const message = seq === 0 ? 'the first entry is not `writer.open`' : `entry ${seq} opens the writer again`
      found({ code: 'writer_not_opened', block, entry: seq, message })
    }
    if (closed) {
      found({ code: 'written_after_close', block, entry: seq, message: `entry ${seq} comes after \`writer.close\`` })
    }
    if (event === 'writer.close') closed = true
    if (event === 'writer.open' && entry.kind === 'system') readOpening(entry.detail, block)
  }

  function readOpening(detail: unknown, block: number): void {
    const { keyId, resumes: named } = (detail ?? {}) as { keyId?: unknown; resumes?: Resumes }
    if (master && keyId !== keyIdOf(master)) {
      found({
        code: 'other_master',
        block,
        entry: 0,
        message: `the writer names another master (\`${String(keyId)}\`)`,
      })
    }
    if (named) resumes = named
  }

  /**
   * The key of a row is under no MAC: a block that was moved to another hour would hide from a query by time. A clock may be off by
   * what rounding and waiting make of it, or have been set back; results alone may be older than their block.
   */
  function checkHour({ hour: stored, block, lines }: StoredBlock): void {
    const times = lines.flatMap(({ entry }) => (entry && entry.kind !== 'result' ? [Date.parse(entry.time)] : []))
    const latest = Math.max(...times.filter(Number.isFinite))
    const expected = Number.isFinite(latest) ? [hour, hourOf(latest)].sort().at(-1) : undefined
    if (expected && Math.abs(hourNumber(stored) - hourNumber(expected)) > 1) {
      found({
        code: 'misplaced_block',
        block,
        message: `block ${block} is filed under hour ${stored}, not ${expected}`,
      })
    }
    hour = stored
  }
}

function hourNumber(hour: string): number {
  const [, year = '', month = '', day = '', at = ''] = /^(.{4})(..)(..)(..)$/.exec(hour) ?? []
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(at)) / 3_600_000
}
