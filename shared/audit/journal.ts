import type { Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import type { Secret } from '../secrets/secret.ts'
import { type CanaryState, createCanary } from './canary.ts'
import { encodeEntry } from './encode.ts'
import type { Entry, Journal } from './entry.ts'
import { failureReason, sleep } from './insert-block.ts'
import { createLane, type Head, type Lane } from './lane.ts'
import { createOpener, type Opened } from './open-lane.ts'
import { type Ack, type Pending, settle, unavailable } from './pending.ts'
import { systemEntry } from './system-entry.ts'
import { createWaitingRoom } from './waiting-room.ts'

export type JournalDeps = {
  /** The `audit` table. */
  table: Table
  /** `journal-master` of the gateway vault; called when a lane is opened, again after a failure. */
  master: () => Promise<Secret>
  now(): number
  /** The longest an entry may wait to become durable. */
  deadlineMs: number
  build: string
  instance: string
  report(event: string, detail: Record<string, unknown>): void
}

export type JournalStatus = {
  /** `idle`: nothing recorded yet; `failing`: entries wait and the last try to write failed. */
  state: 'idle' | 'open' | 'failing' | 'closed'
  wid?: string
  /** Why the last insert failed. */
  fault?: string
  canary: CanaryState
  /** Table transactions for writing, acknowledged blocks and the entries in them, `writer.open` and canaries included. */
  inserts: number
  blocks: number
  entries: number
  /** Entries in memory. */
  waiting: number
  /** Entries that should have followed and never will. */
  lost: number
}

/** Characters of entries in memory: what a stopped storage may cost. Requests above it are refused at once. */
const MAX_REQUEST_CHARACTERS = 16_000_000
const MAX_FOLLOW_CHARACTERS = 8_000_000
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 500

/**
 * The journal of this process. Nothing happens until the first entry; then a lane (writer) is opened, and whenever one closes the
 * next is opened in its place by itself. See docs/journal.md.
 */
export function createJournal(deps: JournalDeps): Journal & { status(): JournalStatus } {
  const { table, now, deadlineMs, report } = deps
  const counters = { inserts: 0, blocks: 0, entries: 0 }
  const held = { requests: 0, followers: 0 }
  const room = createWaitingRoom(deadlineMs, () => fault ?? 'journal_not_open')
  const opener = createOpener({ ...deps, counters, failed })
  const canary = createCanary({ table, now, deadlineMs, report, write: writeCanary })
  let lane: Lane | undefined
  let wid: string | undefined
  let resumed: Head | undefined
  let opening: Promise<void> | undefined
  let closing: Promise<void> | undefined
  let fault: string | undefined
  let lost = 0
  let ended = false

  return {
    async record(entry) {
      if (closing) throw unavailable('journal_closed')
      if (canary.state().state === 'lost') throw unavailable('canary_lost')
      return (await enter(encode(entry))).receipt
    },
    follow(entry) {
      try {
        follow(encode(entry))
      } catch (error) {
        lose(failureReason(error))
      }
    },
    close() {
      closing ??= shut()
      return closing
    },
    status: () => ({
      state: closing ? 'closed' : fault ? 'failing' : lane ? 'open' : 'idle',
      ...(wid && { wid }),
      ...(fault && { fault }),
      canary: canary.state(),
      ...counters,
      waiting: room.size() + (lane?.waiting() ?? 0),
      lost,
    }),
  }

  function enter(text: string): Promise<Ack> {
    const full = held.requests + text.length > MAX_REQUEST_CHARACTERS
    return full ? Promise.reject(unavailable('queue_full')) : wait(text)
  }

  /** Until the text is durable. */
  function wait(text: string): Promise<Ack> {
    held.requests += text.length
    return new Promise((resolve, reject) => {
      add({
        text,
        since: performance.now(),
        left() {
          held.requests -= text.length
        },
        settle: (outcome) => (outcome instanceof GatewayError ? reject(outcome) : resolve(outcome)),
      })
    })
  }

  function follow(text: string): void {
    if (closing) throw unavailable('journal_closed')
    if (held.followers + text.length > MAX_FOLLOW_CHARACTERS) throw unavailable('queue_full')
    held.followers += text.length
    const left = () => {
      held.followers -= text.length
    }
    add({ text, since: performance.now(), left })
  }

  function add(pending: Pending): void {
    if (lane) lane.append(pending)
    else {
      room.add(pending)
      reopen()
    }
  }

  function reopen(): void {
    // INVARIANT: nothing of `open` runs before `opening` is set: making the master may itself record what it did.
    opening ??= Promise.resolve()
      .then(open)
      .finally(() => {
        opening = undefined
      })
  }

  /** Tries until there is a lane; also when nobody waits, so that health comes back without traffic. */
  async function open(): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; !ended; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const opened = await opener.open(resumed).catch((error) => failed(failureReason(error)))
      if (opened && !ended) return start(opened)
      await sleep(pause)
    }
  }

  function start(opened: Opened): void {
    if (fault) report('journal.recovered', { wid: opened.head.wid })
    fault = undefined
    wid = opened.head.wid
    const current = createLane({ ...opened, table, now, deadlineMs, counters, closed })
    lane = current
    for (const pending of room.leave()) current.append(pending)
    canary.start()
  }

  /** A lane that closed is never written to again; what may follow waits for the next. */
  function closed(reason: string, head: Head, followers: Pending[]): void {
    report('journal.lane_closed', { reason, wid: head.wid, block: head.block })
    lane = undefined
    resumed = head
    fault = reason
    for (const pending of followers) room.add(pending)
    reopen()
  }

  function failed(reason: string): void {
    if (reason !== fault) report('journal.failing', { reason })
    fault = reason
  }

  async function writeCanary(): Promise<Ack | undefined> {
    if (!lane || closing) return undefined
    const text = encodeEntry(systemEntry(now(), 'canary', {}))
    return enter(text).catch(() => undefined)
  }

  function encode(entry: Entry): string {
    try {
      return encodeEntry(entry)
    } catch (error) {
      report('journal.entry_refused', { reason: failureReason(error), kind: entry.kind })
      throw error
    }
  }

  function lose(reason: string): void {
    // One line for the first and then for each thousandth: a stopped storage must not flood the log as well.
    if (lost++ % 1000 === 0) report('journal.followers_lost', { reason, lost })
  }

  async function shut(): Promise<void> {
    canary.stop()
    if (opening) await Promise.race([opening, sleep(deadlineMs)])
    const text = encodeEntry(systemEntry(now(), 'writer.close', {}))
    // INVARIANT: straight into the lane, behind everything: nothing may follow `writer.close`.
    if (lane) await wait(text).catch((error) => report('journal.close_failed', { reason: failureReason(error) }))
    ended = true
    lane?.end()
    lane = undefined
    const left = room.leave()
    if (left.length > 0) report('journal.close_failed', { reason: fault ?? 'journal_not_open', waiting: left.length })
    for (const pending of left) settle(pending, unavailable('journal_closed'))
  }
}
