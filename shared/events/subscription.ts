import type { Row, StoredRow } from '../azure/table.ts'
import type { Maker, Seal } from '../handles/handle.ts'
import { freezeClaims } from '../identity/claims.ts'
import { isRefused } from '../identity/refusal.ts'
import type { EventType } from './event.ts'

/** Who wants to hear of what, and where. Times in milliseconds. */
export type Subscription = {
  /** Keyed hash of subscriber and callback URL, 32 hex digits; also part of the name under which the vault has the URL. */
  id: string
  events: readonly EventType[]
  /** Principal id. */
  subscriber: string
  createdAt: number
  /** When the subscriber's own token was validated: nothing rests on its claims for longer than a maximum. */
  validatedAt: number
  expiresAt: number
  /** The grant it was made through, with whose limits it lives and dies. */
  through?: string
  /** Version of the vault's secret that holds the callback URL. */
  callback: string
  /** Host of the callback URL: no secret, and what an operator needs to know. */
  host: string
}

export type StoredSubscription = {
  subscription: Subscription
  subscriber: Maker
  /** Why nothing is sent any more until it is made again. */
  parked?: string
  etag: string
}

export const SUBSCRIBERS = 'subscriber'

export type NewSubscription = { subscription: Subscription; subscriber: Maker }

/** Partition `subscriber`, row = its id. `parked` alone is not under the seal: it takes away and gives nothing. */
export function subscriptionRow({ subscription, subscriber }: NewSubscription, seal: Seal, parked?: string): Row {
  const texts = { said: JSON.stringify(subscription), by: JSON.stringify(subscriber) }
  const key = { partitionKey: SUBSCRIBERS, rowKey: subscription.id }
  return { ...key, ...texts, seal: seal(sealed(subscription.id, texts)), ...(parked !== undefined && { parked }) }
}

/** Undefined when the seal does not fit: somebody edited the row, or moved it. What is sealed has our form. */
export function readSubscription(row: StoredRow, seal: Seal): StoredSubscription | undefined {
  const { said, by, parked, etag } = row
  if (typeof said !== 'string' || typeof by !== 'string') return undefined
  if (row['seal'] !== seal(sealed(row.rowKey, { said, by }))) return undefined
  const subscriber: Maker = JSON.parse(by)
  const claims = freezeClaims(subscriber.claims)
  if (isRefused(claims)) return undefined
  const stored = { subscription: JSON.parse(said), subscriber: { ...subscriber, claims }, etag }
  return { ...stored, ...(typeof parked === 'string' && { parked }) }
}

/** INVARIANT: the word first keeps it apart from every other text that is sealed with the same key. */
const sealed = (id: string, { said, by }: { said: string; by: string }) =>
  JSON.stringify(['subscription', id, said, by])
