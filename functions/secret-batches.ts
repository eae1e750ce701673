import { readJson } from '../shared/http/body.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'
import { BatchBody, readBatch } from '../shared/secrets/batch.ts'

/** Up to 100 reads in one request, each decided, recorded and answered for itself. */
export const secretBatches: Endpoint = {
  name: 'secret-batches',
  route: 'v1/secret-batches',
  dialect: 'problem',
  methods: {
    POST: async (request, gateway) => {
      readQuery(request, NoQuery)
      const { items, reason } = await readJson(request, BatchBody)
      const caller = await identify(request, gateway, { reason })
      return idempotent(request, gateway, caller, async () => ({
        status: 200,
        json: { items: await readBatch(gateway, caller, items) },
      }))
    },
  },
}
