import { explainToOperator, explainToSelf } from '../shared/audit/explanations/explain-request.ts'
import { ExplanationRequest } from '../shared/audit/explanations/request.ts'
import { receiptHeader } from '../shared/gate.ts'
import { readJson } from '../shared/http/body.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'

/** Why something is decided as it is: to anybody about itself in a code, to operators about anybody in full. */
export const policyExplanations: Endpoint = {
  name: 'policy-explanations',
  route: 'v1/policy-explanations',
  dialect: 'problem',
  methods: {
    POST: async (request, gateway) => {
      readQuery(request, NoQuery)
      const wanted = await readJson(request, ExplanationRequest)
      const caller = await identify(request, gateway)
      return idempotent(request, gateway, caller, async () => {
        // Like whoami: nothing is handed out but what the caller's own token says.
        if (wanted.principal === undefined && wanted.instance === undefined) {
          return { status: 200, json: explainToSelf(wanted, caller, gateway) }
        }
        const grant = await gateway.admit({ ...caller, action: 'policy:explain', resource: 'policy' })
        grant.spend('policy:explain', 'policy')
        try {
          const json = await explainToOperator(wanted, caller, gateway)
          grant.succeeded({
            reference: `explained:${typeof json.principal === 'string' ? json.principal : json.principal.id}`,
          })
          return { status: 200, headers: receiptHeader(grant.receipt), json }
        } catch (error) {
          throw grant.failed(error)
        }
      })
    },
  },
}
