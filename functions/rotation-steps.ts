import { receiptHeader } from '../shared/gate.ts'
import { readJson } from '../shared/http/body.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'
import { rotationName, runId, StepBody } from '../shared/rotation/requests.ts'
import { rotationResource } from '../shared/rotation/rotations.ts'
import { runView } from '../shared/rotation/view.ts'

/** Drives one step of a run from outside: by a pipeline, or by a person whose run is stuck. */
export const rotationSteps: Endpoint = {
  name: 'rotation-steps',
  route: 'v1/rotations/{name}/runs/{id}/steps',
  dialect: 'problem',
  methods: {
    POST: async (request, gateway) => {
      const name = rotationName(request.params['name'])
      const id = runId(request.params['id'])
      readQuery(request, NoQuery)
      const { step, reason } = await readJson(request, StepBody)
      const caller = await identify(request, gateway, { reason })
      return idempotent(request, gateway, caller, async ({ repeated, answered }) => {
        const action = step === 'abort' ? ('rotation:abort' as const) : ('rotation:step' as const)
        const grant = await gateway.admit({ ...caller, action, resource: rotationResource(name) })
        const again = repeated || answered
        const { rotation, run } = await gateway.rotations.step(grant, name, { runId: id, step, repeated: again })
        const json = runView(rotation, run, await gateway.rotations.stragglers(rotation, run))
        return { status: 200, headers: receiptHeader(grant.receipt), json }
      })
    },
  },
}
