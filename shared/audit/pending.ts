import { GatewayError } from '../errors.ts'
import type { Receipt } from './entry.ts'

/** Where an acknowledged entry is. */
export type Ack = { receipt: Receipt; partitionKey: string; rowKey: string; mac: string }

/** An entry that is not durable yet. */
export type Pending = {
  text: string
  /** When its request began to wait, on the clock of `performance.now()`. */
  since: number
  /** Absent for an entry that may follow: nobody waits for it, and it moves on to the next lane when this one closes. */
  settle?: (outcome: Ack | GatewayError) => void
  /** Called once when the entry leaves memory, whatever became of it. */
  left(): void
}

/** The one refusal of the journal; its reason says what stood in the way. */
export function unavailable(reason: string): GatewayError {
  return new GatewayError('journal_unavailable', reason, { retryAfterSeconds: 2 })
}

/** Ends the wait of a request; a `follow` entry has nobody to tell. */
export function settle(pending: Pending, outcome: Ack | GatewayError): void {
  pending.left()
  pending.settle?.(outcome)
}
