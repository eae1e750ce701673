/** What a client of a hub gets. */
export type HubClient = {
  endpoint: string
  hub: string
  roles: readonly string[]
  groups: readonly string[]
  userId?: string
  /** The service counts in minutes. */
  minutes: number
}

/** A client access token and the URL to connect to, without the token in it. Throws UpstreamFailure. */
export type GenerateClientToken = (client: HubClient, signal: AbortSignal) => Promise<{ token: string; url: string }>
