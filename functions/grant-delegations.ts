import { receiptHeader } from '../shared/gate.ts'
import { openedGrant } from '../shared/grants/answer.ts'
import { DelegationRequest } from '../shared/grants/delegate.ts'
import { grantId } from '../shared/grants/hold.ts'
import { readJson } from '../shared/http/body.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'

/** Hands a part of a grant on: a grant of its own, within the one whose credential is presented. */
export const grantDelegations: Endpoint = {
  name: 'grant-delegations',
  route: 'v1/grants/{id}/delegations',
  dialect: 'problem',
  methods: {
    POST: async (request, gateway) => {
      const id = grantId(request.params['id'])
      readQuery(request, NoQuery)
      const { reason, ...wish } = await readJson(request, DelegationRequest)
      const caller = await identify(request, gateway, { reason })
      return idempotent(request, gateway, caller, async (operation) => {
        const { context, credential, receipt } = await gateway.grants.delegate({ caller, operation, id, wish })
        return { status: 201, headers: receiptHeader(receipt), json: openedGrant(context, credential) }
      })
    },
  },
}
