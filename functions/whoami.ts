import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'
import { permissionsOf } from '../shared/policy/permissions.ts'

/** Who the gateway takes the caller for, and what it may do at most. Nothing is handed out, so nothing is recorded. */
export const whoami: Endpoint = {
  name: 'whoami',
  route: 'v1/whoami',
  dialect: 'problem',
  methods: {
    GET: async (request, gateway) => {
      readQuery(request, NoQuery)
      const { principal, context } = await identify(request, gateway)
      const { id, kind, issuerName, appId, roles, groups, expiresAt, through } = principal
      return {
        status: 200,
        json: {
          principal: id,
          kind,
          authenticatedBy: {
            method: through ? 'grant' : 'bearer',
            issuer: issuerName,
            expires: new Date(expiresAt).toISOString(),
          },
          ...(appId && { appId }),
          roles,
          groups,
          ...(context.clientAddress && { clientAddress: context.clientAddress }),
          grantChain: through?.chain ?? [],
          ...(through?.offers && { grant: through.offers }),
          permissions: permissionsOf(principal, gateway.policy.current(), gateway.now()),
        },
      }
    },
  },
}
