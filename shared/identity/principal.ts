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
}
