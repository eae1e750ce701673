import type { Endpoint } from '../shared/http/endpoint.ts'

/** Is this instance able to serve? 503 when it could not; tells states, never names, ids or secrets. */
export const healthz: Endpoint = {
  name: 'healthz',
  route: 'healthz',
  dialect: 'problem',
  methods: {
    GET: async (_request, gateway) => {
      const health = await gateway.health()
      return { status: health.status === 'ok' ? 200 : 503, json: health }
    },
  },
}
