import { handleId, RedemptionRequest } from '../shared/handles/handle-request.ts'
import { redeemHandle } from '../shared/handles/redeem-handle.ts'
import { readJson } from '../shared/http/body.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'

/** The value behind a handle, once. */
export const handleRedemption: Endpoint = {
  name: 'handle-redemption',
  route: 'v1/handles/{id}/redeem',
  dialect: 'problem',
  methods: {
    POST: async (request, gateway) => {
      const id = handleId(request.params['id'])
      readQuery(request, NoQuery)
      const { reason } = await readJson(request, RedemptionRequest)
      const caller = await identify(request, gateway, { reason })
      // A repeat gets what anybody gets who comes second: 410.
      return idempotent(request, gateway, caller, () => redeemHandle(gateway, caller, id))
    },
  },
}
