import { receiptHeader } from '../shared/gate.ts'
import { RevocationRequest } from '../shared/grants/revocations.ts'
import { readJson } from '../shared/http/body.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'

/** Ends all grants of a principal, or all through which something at or below a resource can be reached. */
export const grantRevocations: Endpoint = {
  name: 'grant-revocations',
  route: 'v1/grant-revocations',
  dialect: 'problem',
  methods: {
    POST: async (request, gateway) => {
      readQuery(request, NoQuery)
      const { reason, ...wanted } = await readJson(request, RevocationRequest)
      const caller = await identify(request, gateway, { reason })
      return idempotent(request, gateway, caller, async () => {
        const { revoked, receipt } = await gateway.grants.revokeAll({ caller, wanted })
        return { status: 200, headers: receiptHeader(receipt), json: { revoked } }
      })
    },
  },
}
