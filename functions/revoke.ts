import { GatewayError } from '../shared/errors.ts'
import { receiptHeader } from '../shared/gate.ts'
import { readForm } from '../shared/http/body.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { requireOauthCaller } from '../shared/http/oauth-caller.ts'
import { requiredParameter } from '../shared/tokens/form-parameter.ts'
import { askRevocation, refuseRevocation, revokeToken } from '../shared/tokens/revocation.ts'

/** Token revocation (RFC 7009). What is no token of ours counts as revoked: nobody can use it. */
export const revoke: Endpoint = {
  name: 'oauth-revoke',
  route: 'oauth2/revoke',
  dialect: 'oauth',
  methods: {
    POST: async (request, gateway) => {
      const form = await readForm(request)
      const token = requiredParameter(form, 'token')
      const caller = await requireOauthCaller(request, form, gateway)
      const { own } = gateway.tokens
      return idempotent(request, gateway, caller, async () => {
        const ask = await askRevocation({ ...caller, token }, { issuer: gateway.config.issuer, tokens: own })
        try {
          const grant = await gateway.admit(ask)
          await revokeToken(grant, own)
          return { status: 200, headers: receiptHeader(grant.receipt) }
        } catch (error) {
          if (!(error instanceof GatewayError) || error.code !== 'access_denied') throw error
          return { status: 200, headers: refuseRevocation(ask.resource, error) }
        }
      })
    },
  },
}
