import type { Secret } from '../../secrets/secret.ts'
import type { Fetch } from '../broker/broker.ts'

/** An application of Entra ID that a token is got for. */
export type EntraApplication = { tenant: string; clientId: string }

/** One of the gateway's own identities: the system-assigned one, or an attached one by its client id. */
export type OwnIdentity = { userAssigned?: string }

/** The token endpoint of the cloud's Entra ID, one request for each fetch; caching is the broker's. */
export type EntraPort = {
  /** Client credentials with an assertion (RFC 7523), which is made for the request. */
  byAssertion(app: EntraApplication, resource: string, assertion: (how: Parameters<Fetch>[0]) => Promise<string>): Fetch
  /** Resource owner's password: legacy, no second factor. */
  byPassword(app: EntraApplication, resource: string, login: { username: string; password: Secret }): Fetch
  /** A token of the gateway itself. */
  own(identity: OwnIdentity, resource: string): Fetch
}
