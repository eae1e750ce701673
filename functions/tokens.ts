import { receiptHeader } from '../shared/gate.ts'
import { readJson } from '../shared/http/body.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'
import { TokenRequest } from '../shared/tokens/token-request.ts'

/** The native twin of the token exchange: a token of a target for the caller itself. */
export const tokens: Endpoint = {
  name: 'tokens',
  route: 'v1/tokens',
  dialect: 'problem',
  methods: {
    POST: async (request, gateway) => {
      readQuery(request, NoQuery)
      const { target, scope, ttl, path, reason } = await readJson(request, TokenRequest)
      const caller = await identify(request, gateway, { reason })
      const { txn, principal, context } = caller
      const wish = { subject: principal, caller: principal, target: { name: target }, scope, ttlSeconds: ttl, path }
      return idempotent(request, gateway, caller, async () => {
        const grant = await gateway.admit(await gateway.tokens.ask({ txn, context, ...wish }))
        const issued = await gateway.tokens.issue(grant)
        return {
          status: 200,
          headers: receiptHeader(grant.receipt),
          json: {
            token: issued.token,
            tokenType: issued.tokenType,
            target: issued.target,
            ...issued.parts,
            ...(issued.source && { source: issued.source }),
            expiresIn: issued.expiresInSeconds,
            blastRadius: issued.blastRadius,
          },
        }
      })
    },
  },
}
