import type { Action } from '../policy/actions.ts'

export const EVENT_TYPES = [
  'secret.rotated',
  'rotation.stuck',
  'grant.locked',
  'approval.requested',
  'breakglass.used',
  'audit.anomaly',
  'review.ready',
] as const

export type EventType = (typeof EVENT_TYPES)[number]

/** Something that subscribers may hear of; never a value or a credential. The same id again is the same event. */
export type GatewayEvent = {
  type: EventType
  id: string
  /** Milliseconds. */
  at: number
  /** `rotation/<name>`, `grant/<id>` or `audit`: also the resource on which a subscriber is decided. */
  subject: string
  data: Readonly<Record<string, unknown>>
}

/** What a subscriber must be permitted on the event's subject, at each delivery. */
export const NEEDS: Readonly<Record<EventType, Action>> = {
  'secret.rotated': 'rotation:read',
  'rotation.stuck': 'rotation:read',
  'grant.locked': 'grant:read',
  'approval.requested': 'grant:read',
  'breakglass.used': 'grant:read',
  'audit.anomaly': 'audit:read',
  'review.ready': 'audit:read',
}
