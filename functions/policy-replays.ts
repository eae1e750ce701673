import {
  lastDays,
  MAX_REPLAY_BYTES,
  proposedSet,
  RETRY_AFTER_SECONDS,
  ReplayRequest,
} from '../shared/audit/replay/request.ts'
import { receiptHeader } from '../shared/gate.ts'
import { readJson } from '../shared/http/body.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'

/** Begins a replay of a proposed set over what was decided in the last days. */
export const policyReplays: Endpoint = {
  name: 'policy-replays',
  route: 'v1/policy-replays',
  dialect: 'problem',
  methods: {
    POST: async (request, gateway) => {
      readQuery(request, NoQuery)
      const { documents, days } = await readJson(request, ReplayRequest, { maxBytes: MAX_REPLAY_BYTES })
      const caller = await identify(request, gateway)
      return idempotent(request, gateway, caller, async ({ id }) => {
        const grant = await gateway.admit({ ...caller, action: 'policy:explain', resource: 'policy' })
        grant.spend('policy:explain', 'policy')
        try {
          const now = gateway.now()
          const snapshot = proposedSet(documents, now, gateway.config.issuer)
          await gateway.replays.begin({ id, by: caller.principal.id, snapshot, span: lastDays(days, now) })
          grant.succeeded({ reference: `replay:${id}` })
          const location = `${gateway.config.frontDoor}/v1/policy-replays/${id}`
          const headers = { Location: location, 'Retry-After': String(RETRY_AFTER_SECONDS) }
          return {
            status: 202,
            headers: { ...headers, ...receiptHeader(grant.receipt) },
            json: { id, state: 'running' },
          }
        } catch (error) {
          throw grant.failed(error)
        }
      })
    },
  },
}
