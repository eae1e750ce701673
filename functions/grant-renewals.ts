import { GatewayError } from '../shared/errors.ts'
import { receiptHeader } from '../shared/gate.ts'
import { openedGrant } from '../shared/grants/answer.ts'
import { grantId } from '../shared/grants/hold.ts'
import { RenewalRequest, type Shown } from '../shared/grants/renewals.ts'
import { readJson } from '../shared/http/body.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'

/** A new credential and a new life for the grant whose newest credential is presented; an old one locks it. */
export const grantRenewals: Endpoint = {
  name: 'grant-renewals',
  route: 'v1/grants/{id}/renewals',
  dialect: 'problem',
  methods: {
    POST: async (request, gateway) => {
      const id = grantId(request.params['id'])
      readQuery(request, NoQuery)
      const { generation } = await readJson(request, RenewalRequest)
      let shown: Shown | undefined
      const authenticate = async (token: string, provenKey?: string) => {
        // As for every other credential: by a policy that is not too old, and no oftener than its principal may ask.
        await gateway.policy.fresh()
        const presented = await gateway.grants.presentForRenewal(token, provenKey)
        shown = presented?.shown
        return presented ? gateway.withinRate(presented.principal) : gateway.authenticate(token, provenKey)
      }
      const caller = await identify(request, { ...gateway, authenticate })
      // The credential says which one it is; a body that says otherwise is a mistake, not a clone.
      if (shown && shown.generation !== generation) {
        const detail = '`generation` is not that of the credential'
        throw new GatewayError('invalid_request', 'renewal_generation', { detail })
      }
      return idempotent(request, gateway, caller, async (operation) => {
        const { context, credential, receipt } = await gateway.grants.renew({ caller, operation, id, shown })
        const { left } = await gateway.grants.slots.look(id)
        return { status: 201, headers: receiptHeader(receipt), json: openedGrant(context, credential, left) }
      })
    },
  },
}
