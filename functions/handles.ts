import { receiptHeader } from '../shared/gate.ts'
import { HandleRequest } from '../shared/handles/handle-request.ts'
import { makeHandle } from '../shared/handles/make-handle.ts'
import { readJson } from '../shared/http/body.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'

/** One-time handles: made here, so that a value need not pass through whoever starts its delivery. */
export const handles: Endpoint = {
  name: 'handles',
  route: 'v1/handles',
  dialect: 'problem',
  methods: {
    POST: async (request, gateway) => {
      readQuery(request, NoQuery)
      const { reason, ...wish } = await readJson(request, HandleRequest)
      const caller = await identify(request, gateway, { reason })
      return idempotent(request, gateway, caller, async (attempt) => {
        const { handle, receipt } = await makeHandle(gateway, { caller, wish, attempt })
        return {
          status: 201,
          headers: { Location: `/v1/handles/${handle.id}`, ...receiptHeader(receipt) },
          json: { id: handle.id, expires: new Date(handle.expiresAt).toISOString() },
        }
      })
    },
  },
}
