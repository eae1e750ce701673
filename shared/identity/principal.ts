/** The authenticated caller. Made only by the JWT gate from validated claims; never from headers. */
export type Principal = {
  /** `entra:<tid>:<oid>` or `oidc:<issuer name>:<base64url(sub)>`; the same everywhere. */
  id: string
  /** Name of the trusted issuer's document (not its URL). */
  issuerName: string
  kind: 'entra' | 'oidc'
  /** Entra only: tenant and object id, lower-case GUIDs. */
  tenant?: string
  objectId?: string
  /** Entra only: the application (`appid` of v1, `azp` of v2) that calls for itself; absent when a user calls through one (T5). */
  appId?: string
  /** Raw `sub` of the token. */
  subject: string
  /** Entra groups by object id; `overage` when the token says there are more than it names (deny, not "no groups"). */
  groups: readonly string[] | 'overage'
  roles: readonly string[]
  /** Made of a token of ours, which says who and nothing else: application, groups, roles and claims are unknown, not absent. */
  partial?: true
  /** Validated claims, frozen, null prototype, at most 16 KiB; what conditions may look at. */
  claims: Readonly<Record<string, unknown>>
  /** `jti` or Entra's `uti`; replay and revocation key on it, never on the token's text. */
  tokenId?: string
  /** RFC 9449 §6.1: thumbprint of the key (`cnf.jkt`) whose possession was proved with the token; absent for a bearer's. */
  boundTo?: string
  /** Milliseconds since the epoch; the token's own `exp`, so with the leeway up to 60 s in the past. */
  expiresAt: number
  /** When it was last found good, the cache of verified tokens included. */
  validatedAt: number
  /** Set exactly when the caller presented a grant's credential: then the rest of the principal is the grant's root. */
  through?: Through
}

/**
 * The access context (grant) that a request came through. INVARIANT: it is part of the principal so that no endpoint can lose
 * it: every decision asks `covers`, the door spends a `use` before it records.
 */
export type Through = {
  /** Ids of the grants, the root's own first, the presented one last. */
  chain: readonly string[]
  /** Whether actions and resources of every grant of the chain include this act; pure. */
  covers(action: string, resource: string): boolean
  /** The same as the presented grant says it, for those who are told what they may do: never a decision. */
  offers?: { actions: readonly string[]; resources: readonly string[] }
  /** Principal ids of those who approved every grant of the chain that needed it. */
  approvedBy: readonly string[]
  /** The grant was opened in an emergency: permits for those count too. */
  breakGlass?: true
  /**
   * Reads every grant of the chain again (exists, active, not expired, unchanged) and, where uses are counted, takes one,
   * durably. The same `txn` and act take one use, however often they are repeated. Throws GatewayError `access_denied` with the
   * reason, `uses_exhausted`, or `storage_unavailable`.
   */
  use(act: { txn: string; action: string; resource: string }): Promise<void>
}
