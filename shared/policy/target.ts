/** What a token may be asked for (a policy document of kind `target`). `access` decides the action: `token:issue` or `token:issueWrite`. */
export type JwtTarget = {
  kind: 'target'
  name: string
  access: 'read' | 'write'
  token: {
    kind: 'jwt'
    /** `aud` of the token: one internal API. */
    audience: string
    /** Scopes that may be asked for; all of them when none is named. */
    scopes: readonly string[]
    algorithm: 'ES256' | 'RS256'
    /** Upper bound of the lifetime, at most 3,600. */
    maxTtlSeconds: number
  }
  /** Absolute URIs by which `resource` may name this target (RFC 8707). */
  resources: readonly string[]
}

export type Target = JwtTarget
