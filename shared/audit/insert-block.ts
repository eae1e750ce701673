import type { Row, Table } from '../azure/table.ts'

export type InsertOutcome =
  /** Acknowledged, now or by an earlier attempt whose answer was lost. */
  | 'written'
  /** The key holds another block: somebody writes as us. */
  | 'taken'
  /** No answer by the deadline: it may be in the table, or come into it later. */
  | 'unknown'

export type Insertion = {
  table: Table
  row: Row
  /** On the clock of `performance.now()`. */
  until: number
  /** Called for each table transaction. */
  counted(): void
  /** Called with the reason of each failed attempt. */
  failed(reason: string): void
}

const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 250
/** An attempt gets a third of what is left, so that one lost packet does not cost the whole deadline. */
const ATTEMPTS = 3
const SHORTEST_ATTEMPT_MS = 200

/**
 * Inserts a block, again and again under the same key until the deadline; never throws, never takes longer. A 409 is read back: the
 * same MAC means that an earlier attempt had arrived. INVARIANT: insert only; a row once written is never touched again.
 */
export async function insertBlock({ table, row, until, counted, failed }: Insertion): Promise<InsertOutcome> {
  let pause = FIRST_PAUSE_MS
  const left = () => until - performance.now()
  const call = <T>(work: (options: { deadlineMs: number }) => Promise<T>): Promise<T> => {
    const deadlineMs = Math.min(Math.max(1, left()), Math.max(SHORTEST_ATTEMPT_MS, left() / ATTEMPTS))
    counted()
    return within(deadlineMs, work({ deadlineMs }))
  }
  while (left() > 0) {
    try {
      if ((await call((options) => table.insert(row, options))) === 'inserted') return 'written'
      const stored = await call((options) => table.get(row.partitionKey, row.rowKey, options))
      if (stored) return stored['mac'] === row['mac'] ? 'written' : 'taken'
      failed('block_vanished')
    } catch (error) {
      failed(failureReason(error))
    }
    await sleep(Math.min(pause, Math.max(0, left())))
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
  }
  return 'unknown'
}

/** Settles with `work`, or rejects with `timeout` when that takes longer: a client that forgets its own deadline must not hang us. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error('timeout'), { reason: 'timeout' })), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** The internal tag of a StorageError or GatewayError; nothing else of an error is kept. */
export function failureReason(error: unknown): string {
  const reason = error instanceof Error && 'reason' in error ? error.reason : undefined
  return typeof reason === 'string' ? reason : 'unexpected_error'
}
