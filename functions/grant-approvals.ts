import { receiptHeader } from '../shared/gate.ts'
import { describeGrant } from '../shared/grants/answer.ts'
import { ApprovalRequest } from '../shared/grants/approve.ts'
import { grantId } from '../shared/grants/hold.ts'
import { readJson } from '../shared/http/body.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'

/** A named approver's word on a grant that waits for it. */
export const grantApprovals: Endpoint = {
  name: 'grant-approvals',
  route: 'v1/grants/{id}/approvals',
  dialect: 'problem',
  methods: {
    POST: async (request, gateway) => {
      const id = grantId(request.params['id'])
      readQuery(request, NoQuery)
      const { decision, reason } = await readJson(request, ApprovalRequest)
      const caller = await identify(request, gateway, { reason })
      return idempotent(request, gateway, caller, async () => {
        const { context, receipt } = await gateway.grants.approve({ caller, id, decision })
        return { status: 200, headers: receiptHeader(receipt), json: describeGrant(context, gateway.now()) }
      })
    },
  },
}
