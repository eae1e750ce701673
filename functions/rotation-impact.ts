import { receiptHeader } from '../shared/gate.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'
import { rotationName } from '../shared/rotation/requests.ts'
import { rotationResource } from '../shared/rotation/rotations.ts'

/** Before anything is rotated: who reads the secret, how stale the copies are, who would break. */
export const rotationImpact: Endpoint = {
  name: 'rotation-impact',
  route: 'v1/rotations/{name}/impact',
  dialect: 'problem',
  methods: {
    GET: async (request, gateway) => {
      const name = rotationName(request.params['name'])
      readQuery(request, NoQuery)
      const caller = await identify(request, gateway)
      const grant = await gateway.admit({ ...caller, action: 'rotation:read', resource: rotationResource(name) })
      const document = gateway.rotations.read(grant, name)
      const impact = await gateway.rotations.impact(document)
      grant.succeeded()
      const json = { rotation: name, secret: document.secret, ...impact }
      return { status: 200, headers: receiptHeader(grant.receipt), json }
    },
  },
}
