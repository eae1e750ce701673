import { receiptHeader } from '../shared/gate.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { readQuery } from '../shared/http/query.ts'
import { describePolicy, pageOfPolicies } from '../shared/policy-changes/describe.ts'
import { ListPoliciesQuery } from '../shared/policy-changes/request.ts'
import { answerPage } from '../shared/secrets/pages.ts'

/** The policy documents in force. */
export const policies: Endpoint = {
  name: 'policies',
  route: 'v1/policies',
  dialect: 'problem',
  methods: {
    GET: async (request, gateway) => {
      const wanted = readQuery(request, ListPoliciesQuery)
      const caller = await identify(request, gateway)
      const grant = await gateway.admit({ ...caller, action: 'policy:read', resource: 'policy' })
      grant.spend('policy:read', 'policy')
      try {
        const { revision, inForce } = await gateway.policyChanges.current()
        const { value, next } = pageOfPolicies(inForce, wanted)
        const { frontDoor: origin } = gateway.config
        const page = answerPage(value.map(describePolicy), { origin, path: request.path, query: request.query, next })
        grant.succeeded({ reference: `policies:${value.length}@${revision}` })
        return { status: 200, headers: receiptHeader(grant.receipt), json: { revision, ...page } }
      } catch (error) {
        throw grant.failed(error)
      }
    },
  },
}
