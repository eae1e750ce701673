import { replayAnswer, replayId } from '../shared/audit/replay/request.ts'
import { GatewayError } from '../shared/errors.ts'
import { receiptHeader } from '../shared/gate.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'

/** How a replay stands, and what came of it: 202 while it runs, kept for a day. */
export const policyReplay: Endpoint = {
  name: 'policy-replay',
  route: 'v1/policy-replays/{id}',
  dialect: 'problem',
  methods: {
    GET: async (request, gateway) => {
      const id = replayId(request.params['id'])
      readQuery(request, NoQuery)
      const caller = await identify(request, gateway)
      const grant = await gateway.admit({ ...caller, action: 'policy:explain', resource: 'policy' })
      grant.spend('policy:explain', 'policy')
      try {
        const job = await gateway.replays.read(id)
        if (!job)
          throw new GatewayError('not_found', 'no_such_replay', { detail: 'there is no such replay, or no more' })
        grant.succeeded({ reference: `replay:${id}` })
        const { headers, ...answer } = replayAnswer(job)
        return { ...answer, headers: { ...headers, ...receiptHeader(grant.receipt) } }
      } catch (error) {
        throw grant.failed(error)
      }
    },
  },
}
