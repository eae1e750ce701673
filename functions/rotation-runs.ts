import { receiptHeader } from '../shared/gate.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'
import { POLL_SECONDS, rotationName } from '../shared/rotation/requests.ts'
import { rotationResource } from '../shared/rotation/rotations.ts'
import { runView } from '../shared/rotation/view.ts'

/** Starts a run now; the timer drives it, `Location` tells how far it is. It takes no body: a reason goes into its header. */
export const rotationRuns: Endpoint = {
  name: 'rotation-runs',
  route: 'v1/rotations/{name}/runs',
  dialect: 'problem',
  methods: {
    POST: async (request, gateway) => {
      const name = rotationName(request.params['name'])
      readQuery(request, NoQuery)
      const caller = await identify(request, gateway)
      return idempotent(request, gateway, caller, async ({ id }) => {
        const ask = { ...caller, action: 'rotation:run' as const, resource: rotationResource(name) }
        const grant = await gateway.admit(ask)
        const { rotation, run } = await gateway.rotations.start(grant, name, id)
        return {
          status: 202,
          headers: {
            ...receiptHeader(grant.receipt),
            Location: `${gateway.config.frontDoor}/v1/rotations/${name}/runs/${run.id}`,
            'Retry-After': String(POLL_SECONDS),
          },
          json: runView(rotation, run, []),
        }
      })
    },
  },
}
