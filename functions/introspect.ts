import { GatewayError } from '../shared/errors.ts'
import { receiptHeader } from '../shared/gate.ts'
import { readForm } from '../shared/http/body.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { requireOauthCaller } from '../shared/http/oauth-caller.ts'
import { requiredParameter } from '../shared/tokens/form-parameter.ts'
import { askIntrospection, INACTIVE } from '../shared/tokens/introspection.ts'

/** Token introspection (RFC 7662). A denial and an inactive token are the same answer. */
export const introspect: Endpoint = {
  name: 'oauth-introspect',
  route: 'oauth2/introspect',
  dialect: 'oauth',
  methods: {
    POST: async (request, gateway) => {
      const form = await readForm(request)
      const token = requiredParameter(form, 'token')
      const caller = await requireOauthCaller(request, form, gateway)
      const throughOf = (grant: string) => gateway.grants.recall(grant)
      return idempotent(request, gateway, caller, async () => {
        const ask = await askIntrospection({ ...caller, token }, { own: gateway.tokens.own, throughOf })
        try {
          const grant = await gateway.admit(ask)
          grant.spend(ask.action, ask.resource)
          grant.succeeded()
          return { status: 200, headers: receiptHeader(grant.receipt), json: grant.sealed }
        } catch (error) {
          if (!(error instanceof GatewayError) || error.code !== 'access_denied') throw error
          return { status: 200, headers: error.extras.headers ?? {}, json: INACTIVE }
        }
      })
    },
  },
}
