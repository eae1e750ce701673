import { receiptHeader } from '../shared/gate.ts'
import { handleId } from '../shared/handles/handle-request.ts'
import { lookUpHandle } from '../shared/handles/look-up-handle.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'

/** Who made a handle, when it ends and whether it was redeemed; looking does not consume it. */
export const handle: Endpoint = {
  name: 'handle',
  route: 'v1/handles/{id}',
  dialect: 'problem',
  methods: {
    GET: async (request, gateway) => {
      const id = handleId(request.params['id'])
      readQuery(request, NoQuery)
      const caller = await identify(request, gateway)
      const { view, receipt } = await lookUpHandle(gateway, caller, id)
      return { status: 200, headers: receiptHeader(receipt), json: view }
    },
  },
}
