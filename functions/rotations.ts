import { receiptHeader } from '../shared/gate.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { readQuery } from '../shared/http/query.ts'
import { ListRotationsQuery } from '../shared/rotation/requests.ts'
import { rotationResource } from '../shared/rotation/rotations.ts'
import { rotationView } from '../shared/rotation/view.ts'
import { answerPage } from '../shared/secrets/pages.ts'

/** The rotations a caller may see, and where each stands. */
export const rotations: Endpoint = {
  name: 'rotations',
  route: 'v1/rotations',
  dialect: 'problem',
  methods: {
    GET: async (request, gateway) => {
      const { limit, after } = readQuery(request, ListRotationsQuery)
      const caller = await identify(request, gateway)
      const action = 'rotation:read' as const
      const resource = 'rotation'
      let next: string | undefined
      const grant = await gateway.admitList({ ...caller, action, resource }, async () => {
        const visible = gateway.rotations
          .documents()
          .filter(({ name }) => after === undefined || name > after)
          .sort((one, other) => (one.name < other.name ? -1 : 1))
          .map((rotation) => ({ resource: rotationResource(rotation.name), item: rotation }))
          .filter(({ resource }) => gateway.decide({ ...caller, action, resource }).effect === 'permit')
        const page = visible.slice(0, limit)
        if (visible.length > limit) next = page.at(-1)?.item.name
        return page
      })
      grant.spend(action, resource)
      const states = await Promise.all(grant.sealed.map(({ name }) => gateway.rotations.state(name)))
      const value = grant.sealed.flatMap((rotation, at) => {
        const state = states[at]
        return state ? [rotationView(rotation, state, gateway.now())] : []
      })
      grant.succeeded()
      const link = { origin: gateway.config.frontDoor, path: request.path, query: request.query, next }
      return { status: 200, headers: receiptHeader(grant.receipt), json: answerPage(value, link) }
    },
  },
}
