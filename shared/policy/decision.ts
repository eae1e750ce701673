import type { Principal } from '../identity/principal.ts'
import type { Action } from './actions.ts'

/** What may be known about a request beside who asks for what; everything `decide` sees is recorded, so a replay is exact. */
export type RequestContext = {
  /** Canonical text of the client's address (IPv4-mapped v6 unwrapped); absent when it cannot be trusted. */
  clientAddress?: string
  /** Self-declared: recorded and narrowing, never proof. */
  purpose?: string
  reason?: string
  ticket?: string
  /** RFC 9449 thumbprint of the proof that came and was verified. */
  dpopThumbprint?: string
}

export type Question = {
  principal: Principal
  action: Action
  /** `secret/<vault>/<name>`, `token/<target>`, …; already validated by its slice. */
  resource: string
  context: RequestContext
  /** It opens a break-glass grant: permits for emergencies count too. What comes through such a grant needs no saying so. */
  breakGlass?: true
}

/** What must be done if permitted: the strictest of all matching permits; an obligation only tightens. */
export type Obligations = {
  maxTtlSeconds?: number
  oneTime?: true
  requireReason?: true
  requireTicket?: true
  requireDpop?: true
  approval?: { count: number; approvers: readonly string[] }
  /** A permit for emergencies applied: approvals are not asked for, and these approvers are to be told. */
  breakGlass?: { skipped: readonly string[] }
  /** Requests per window of seconds, counted by each instance for itself: protection. */
  rate?: { count: number; windowSeconds: number }
  /** What each matching permit gives a principal in a fixed window, counted exactly over all instances. Sorted by statement. */
  quotas?: readonly Quota[]
  /** CIDRs of the matching permits' address conditions, for targets that can bind to an address. */
  addresses?: readonly string[]
}

export type Quota = { statement: string; count: number; windowSeconds: number }

export type Decision = {
  effect: 'permit' | 'deny'
  /** Stable code: `permitted`, `no_permit`, `forbidden`, `not_evaluable`, … */
  reason: string
  /** Statements that decided it (permits, or the forbids that won). */
  statementIds: readonly string[]
  /** Statements in `mode: "report"` that matched: recorded, never enforced. */
  reported: readonly string[]
  obligations: Obligations
  /** Revision of the policy set that was asked. */
  revision: number
}
