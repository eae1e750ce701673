import { UnsubscriptionRequest } from '../shared/events/requests.ts'
import { receiptHeader } from '../shared/gate.ts'
import { readJson } from '../shared/http/body.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'

/** Ends a subscription by its callback URL, for those that cannot keep an id: the webhook trigger of Logic Apps. */
export const unsubscriptions: Endpoint = {
  name: 'unsubscriptions',
  route: 'v1/unsubscriptions',
  dialect: 'problem',
  methods: {
    POST: async (request, gateway) => {
      readQuery(request, NoQuery)
      const { reason, callbackUrl } = await readJson(request, UnsubscriptionRequest)
      const caller = await identify(request, gateway, { reason })
      return idempotent(request, gateway, caller, async () => {
        const receipt = await gateway.events.unsubscribeUrl({ caller, callbackUrl })
        return { status: 204, headers: receiptHeader(receipt) }
      })
    },
  },
}
