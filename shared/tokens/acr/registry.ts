import type { Fetch } from '../broker/broker.ts'

/** A registry's token service; caching is the broker's. */
export type Registry = {
  /** A refresh token of the registry for the gateway's identity: opens whatever that identity may, and never leaves. */
  refreshToken(registry: string): Fetch
  /** An access token for one scope, `repository:<name>:<actions>`. */
  accessToken(registry: string, scope: string, refreshToken: string): Fetch
}
