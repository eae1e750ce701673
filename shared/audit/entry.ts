import type { Action } from '../policy/actions.ts'
import type { Decision, RequestContext } from '../policy/decision.ts'

/** What identifies a hand-out; never a value. */
export type Handout = {
  vault?: string
  name?: string
  version?: string
  /** HMAC-SHA256 (key `value-hmac` in the gateway vault) of the value, base64url. */
  valueHash?: string
  jti?: string
  /** SHA-256 of the token's text, base64url. */
  tokenHash?: string
  /** The same of a token that the caller passed for the target to use. */
  passedHash?: string
  /** SAS correlation id, handle id and the like. */
  reference?: string
  /** RFC 3339. */
  expiresAt?: string
}

/** The principal as the journal keeps it: the id and all claims that `decide` saw. */
export type EntryPrincipal = {
  id: string
  issuerName: string
  kind: 'entra' | 'oidc'
  appId?: string
  tokenId?: string
  /** Thumbprint of the key whose possession was proved with the token. */
  boundTo?: string
  /** Application, groups and roles were not known (Principal). */
  partial?: true
  groups: readonly string[] | 'overage'
  roles: readonly string[]
  claims: Readonly<Record<string, unknown>>
}

/** What the chain of grants said to a decision. */
export type EntryGrant = {
  /** Whether the act is among the actions and resources of every grant of the chain. */
  covers: boolean
  /** Who approved every grant that needed it. */
  approvedBy?: readonly string[]
  breakGlass?: true
}

/** A decided request: `intent` before a permitted act, `denial` before a 403. */
export type DecidedEntry = {
  kind: 'intent' | 'denial'
  txn: string
  /** RFC 3339, milliseconds. */
  time: string
  principal: EntryPrincipal
  /** Ids of the grants it came through, root first. */
  grantChain?: readonly string[]
  /** It opened a break-glass grant or came through one. */
  breakGlass?: true
  /** The grants that principal and actor came through. */
  grant?: EntryGrant
  actorGrant?: EntryGrant
  /** The right that needed no permit, whether or not there was one. */
  entitled?: 'holder'
  /** Obligations that the way of asking met. */
  satisfies?: readonly string[]
  /** Principal id of who showed a handle that the principal made. */
  presenter?: string
  /** Ids of the grants that the presenter came through, root first. */
  presenterChain?: readonly string[]
  action: Action
  resource: string
  context: RequestContext
  decision: Decision
  /** Who acted for the principal, and what the same question was answered for it; both had to permit. */
  actor?: { principal: EntryPrincipal; decision: Decision }
  /** Why it was refused although permitted: an unmet obligation, a missing secret; internal tag. */
  refusal?: string
  handout?: Handout
  /** Set by the journal where the entry was too long: names of cut claims (or all), full counts of cut lists. */
  cut?: { claims: readonly string[] | 'all'; statementIds?: number; reported?: number }
}

/** What came of an intent. */
export type ResultEntry = {
  kind: 'result'
  txn: string
  time: string
  outcome: 'ok' | 'failed' | 'unknown'
  /** Internal tag of the error. */
  reason?: string
  handout?: Handout
}

/** Requests that failed authentication, summed per issuer and reason each minute. */
export type RefusedEntry = { kind: 'refused'; time: string; issuer: string; reason: string; count: number }

/** Housekeeping of the gateway itself: `keys.created`, `policy.reloaded`, `canary`, timers. */
export type SystemEntry = { kind: 'system'; time: string; event: string; detail: Readonly<Record<string, unknown>> }

export type Entry = DecidedEntry | ResultEntry | RefusedEntry | SystemEntry

/** Proof for the caller: `X-Sallyport-Receipt: <wid>;<seq>;<mac-prefix>`. */
export type Receipt = { wid: string; seq: number; macPrefix: string }

export type Journal = {
  /**
   * Durable when it resolves. Rejects with GatewayError `journal_unavailable` within the deadline when it cannot be,
   * and then the entry's act must not happen.
   */
  record(entry: Entry): Promise<Receipt>
  /** Queues an entry that may follow asynchronously (results of acts whose identity is in the intent). Never throws. */
  follow(entry: Entry): void
  /** Writes what is queued and `writer.close`; nothing may be recorded afterwards. */
  close(): Promise<void>
}
