import { receiptHeader } from '../shared/gate.ts'
import { readJson } from '../shared/http/body.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'
import { planPolicies } from '../shared/policy/plan/plan.ts'
import { DEFAULT_MANAGER } from '../shared/policy/storage/version-row.ts'
import { MAX_DOCUMENTS_BYTES, PlanBody } from '../shared/policy-changes/request.ts'

/** What an apply of these documents would change, and what the new set would grant that the one in force does not. */
export const policyPlans: Endpoint = {
  name: 'policy-plans',
  route: 'v1/policy-plans',
  dialect: 'problem',
  methods: {
    POST: async (request, gateway) => {
      readQuery(request, NoQuery)
      const { documents, reason } = await readJson(request, PlanBody, { maxBytes: MAX_DOCUMENTS_BYTES })
      const caller = await identify(request, gateway, { reason })
      return idempotent(request, gateway, caller, async () => {
        const grant = await gateway.admit({ ...caller, action: 'policy:read', resource: 'policy' })
        grant.spend('policy:read', 'policy')
        try {
          const options = { ...gateway.policyChanges.checks, manager: DEFAULT_MANAGER, now: gateway.now() }
          const plan = await planPolicies(await gateway.policyChanges.current(), documents, options)
          grant.succeeded({ reference: `plan:${plan.revision}` })
          return { status: 200, headers: receiptHeader(grant.receipt), json: plan }
        } catch (error) {
          throw grant.failed(error)
        }
      })
    },
  },
}
