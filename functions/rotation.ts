import { receiptHeader } from '../shared/gate.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'
import { rotationName } from '../shared/rotation/requests.ts'
import { rotationResource } from '../shared/rotation/rotations.ts'
import { rotationView } from '../shared/rotation/view.ts'

/** One rotation and where it stands. */
export const rotation: Endpoint = {
  name: 'rotation',
  route: 'v1/rotations/{name}',
  dialect: 'problem',
  methods: {
    GET: async (request, gateway) => {
      const name = rotationName(request.params['name'])
      readQuery(request, NoQuery)
      const caller = await identify(request, gateway)
      const grant = await gateway.admit({ ...caller, action: 'rotation:read', resource: rotationResource(name) })
      const document = gateway.rotations.read(grant, name)
      const json = rotationView(document, await gateway.rotations.state(name), gateway.now())
      grant.succeeded()
      return { status: 200, headers: receiptHeader(grant.receipt), json }
    },
  },
}
