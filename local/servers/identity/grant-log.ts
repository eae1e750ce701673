/** How a token was got: what the control endpoint of test runs tells of a client. */
export type LoggedGrant = {
  clientId: string
  by: 'secret' | 'certificate' | 'federated' | 'password'
  /** Host name of the authority that was asked. */
  authority: string
}

export type GrantLog = {
  add(grant: LoggedGrant): void
  /** Of one client, oldest first. */
  of(clientId: string): LoggedGrant[]
}

const MAX_GRANTS = 1_000

/** The latest grants of the token endpoint, in memory. */
export function createGrantLog(): GrantLog {
  const grants: LoggedGrant[] = []
  return {
    add(grant) {
      grants.push(grant)
      if (grants.length > MAX_GRANTS) grants.shift()
    },
    of: (clientId) => grants.filter((grant) => grant.clientId === clientId),
  }
}
