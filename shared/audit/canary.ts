import type { Table } from '../azure/table.ts'
import { failureReason, within } from './insert-block.ts'
import type { Ack } from './pending.ts'

export type CanaryState = {
  /** `lost`: storage acknowledged a block that is not there, or not as it was written. */
  state: 'none' | 'ok' | 'unread' | 'lost'
  /** RFC 3339 time of the last answer. */
  at?: string
}

export type CanaryDeps = {
  table: Table
  now(): number
  deadlineMs: number
  /** Writes the canary entry through the lane; undefined while there is none or when it cannot be written. */
  write(): Promise<Ack | undefined>
  report(event: string, detail: Record<string, unknown>): void
}

export type Canary = { start(): void; stop(): void; state(): CanaryState }

const EVERY_MS = 60_000

/** Each minute writes an entry and reads it back: an acknowledgement alone does not show that the journal keeps what it is given. */
export function createCanary({ table, now, deadlineMs, write, report }: CanaryDeps): Canary {
  let state: CanaryState = { state: 'none' }
  let timer: NodeJS.Timeout | undefined
  let running = false
  return {
    start() {
      timer ??= setInterval(() => void tick(), EVERY_MS)
      timer.unref()
    },
    stop: () => clearInterval(timer),
    state: () => state,
  }

  async function tick(): Promise<void> {
    if (running) return
    running = true
    try {
      const ack = await write()
      if (ack) settle(await readBack(ack))
    } finally {
      running = false
    }
  }

  async function readBack({ partitionKey, rowKey, mac }: Ack): Promise<CanaryState['state']> {
    try {
      const row = await within(deadlineMs, table.get(partitionKey, rowKey, { deadlineMs }))
      const macs = Object.entries(row ?? {}).filter(([name]) => name.startsWith('macs'))
      return macs.some(([, text]) => String(text).includes(mac)) ? 'ok' : 'lost'
    } catch (error) {
      report('journal.canary_unread', { reason: failureReason(error) })
      return 'unread'
    }
  }

  function settle(outcome: CanaryState['state']): void {
    if (outcome === 'lost') report('journal.canary_lost', {})
    // INVARIANT: only a canary that came back ends a loss; one that nobody could read says nothing.
    if (state.state === 'lost' && outcome === 'unread') return
    state = { state: outcome, at: new Date(now()).toISOString() }
  }
}
