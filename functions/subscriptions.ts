import { SubscriptionRequest } from '../shared/events/requests.ts'
import { receiptHeader } from '../shared/gate.ts'
import { readJson } from '../shared/http/body.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'

/** Who wants to hear of events, and where. The same caller and URL again is the same subscription, made new. */
export const subscriptions: Endpoint = {
  name: 'subscriptions',
  route: 'v1/subscriptions',
  dialect: 'problem',
  methods: {
    POST: async (request, gateway) => {
      readQuery(request, NoQuery)
      const { reason, ...wish } = await readJson(request, SubscriptionRequest)
      const caller = await identify(request, gateway, { reason })
      return idempotent(request, gateway, caller, async () => {
        const { subscription, receipt } = await gateway.events.subscribe({ caller, ...wish })
        const { id, events, createdAt, expiresAt } = subscription
        return {
          // Also for one that was there: designers take nothing else for a subscription that works.
          status: 201,
          headers: { ...receiptHeader(receipt), Location: `${gateway.config.frontDoor}/v1/subscriptions/${id}` },
          json: { id, events, created: iso(createdAt), expires: iso(expiresAt) },
        }
      })
    },
  },
}

const iso = (time: number) => new Date(time).toISOString()
