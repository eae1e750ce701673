import { subscriptionId } from '../shared/events/requests.ts'
import { receiptHeader } from '../shared/gate.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'

/** One subscription: its subscriber ends it. */
export const subscription: Endpoint = {
  name: 'subscription',
  route: 'v1/subscriptions/{id}',
  dialect: 'problem',
  methods: {
    DELETE: async (request, gateway) => {
      const id = subscriptionId(request.params['id'])
      readQuery(request, NoQuery)
      const caller = await identify(request, gateway)
      return { status: 204, headers: receiptHeader(await gateway.events.unsubscribe({ caller, id })) }
    },
  },
}
