import { receiptHeader } from '../shared/gate.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { readQuery } from '../shared/http/query.ts'
import { permissionsOf } from '../shared/policy/permissions.ts'
import { answerPage, ListSecretsQuery, positionOf } from '../shared/secrets/pages.ts'

/** The names and metadata a caller may see, and nothing else: an unknown vault is an empty one, none named means all. */
export const secrets: Endpoint = {
  name: 'secrets',
  route: 'v1/secrets',
  dialect: 'problem',
  methods: {
    GET: async (request, gateway) => {
      const query = readQuery(request, ListSecretsQuery)
      const caller = await identify(request, gateway)
      const action = 'secret:list' as const
      // Whom no permit lets list anything costs no look at a vault, and cannot tell from an outage which ones exist.
      const mayList = permissionsOf(caller.principal, gateway.policy.current(), gateway.now()).some(({ actions }) =>
        actions.includes(action),
      )
      const permits = (resource: string) => gateway.decide({ ...caller, action, resource }).effect === 'permit'
      let next: string | undefined
      const resource = query.vault === undefined ? 'secret' : `secret/${query.vault}`
      const grant = await gateway.admitList({ ...caller, action, resource }, async () => {
        if (!mayList) return []
        const page = await gateway.secrets.listPage({ ...query, permits })
        next = page.next && positionOf(page.next)
        return page.candidates
      })
      grant.spend(action, resource)
      grant.succeeded()
      const link = { origin: gateway.config.frontDoor, path: request.path, query: request.query, next }
      return { status: 200, headers: receiptHeader(grant.receipt), json: answerPage(grant.sealed, link) }
    },
  },
}
