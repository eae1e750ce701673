import { GatewayError } from '../shared/errors.ts'
import { receiptHeader } from '../shared/gate.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'
import { POLL_SECONDS, rotationName, runId } from '../shared/rotation/requests.ts'
import { rotationResource } from '../shared/rotation/rotations.ts'
import { isUnderWay } from '../shared/rotation/run.ts'
import { runView } from '../shared/rotation/view.ts'

/** How far a run is: 202 while it goes on by itself, as pollers of Logic Apps expect it, 200 when it is over or stuck. */
export const rotationRun: Endpoint = {
  name: 'rotation-run',
  route: 'v1/rotations/{name}/runs/{id}',
  dialect: 'problem',
  methods: {
    GET: async (request, gateway) => {
      const name = rotationName(request.params['name'])
      const id = runId(request.params['id'])
      readQuery(request, NoQuery)
      const caller = await identify(request, gateway)
      const grant = await gateway.admit({ ...caller, action: 'rotation:read', resource: rotationResource(name) })
      const document = gateway.rotations.read(grant, name)
      const run = await gateway.rotations.run(name, id)
      if (!run) throw grant.failed(new GatewayError('not_found', 'run_unknown'))
      const json = runView(document, run, await gateway.rotations.stragglers(document, run))
      grant.succeeded()
      const goesOn = isUnderWay(run) && run.state !== 'stuck'
      const poll = { Location: `${gateway.config.frontDoor}${request.path}`, 'Retry-After': String(POLL_SECONDS) }
      return {
        status: goesOn ? 202 : 200,
        headers: { ...receiptHeader(grant.receipt), ...(goesOn && poll) },
        json,
      }
    },
  },
}
