import { receiptHeader } from '../shared/gate.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { readQuery } from '../shared/http/query.ts'
import { answerPage, pageOf, VersionsQuery } from '../shared/secrets/pages.ts'
import { secretRef, secretResource } from '../shared/secrets/secret-ref.ts'

/** The versions of a secret, newest first: dates, tags and stages, never a value. */
export const secretVersions: Endpoint = {
  name: 'secret-versions',
  route: 'v1/secrets/{vault}/{name}/versions',
  dialect: 'problem',
  methods: {
    GET: async (request, gateway) => {
      const ref = secretRef(request.params)
      const query = readQuery(request, VersionsQuery)
      const caller = await identify(request, gateway)
      const resource = secretResource(ref)
      const prepare = gateway.secrets.lookUpVersions(ref)
      const grant = await gateway.admit({ ...caller, action: 'secret:metadata', resource, prepare })
      grant.spend('secret:metadata', resource)
      const { value, next } = pageOf(grant.sealed, query)
      grant.succeeded()
      const link = { origin: gateway.config.frontDoor, path: request.path, query: request.query, next }
      return { status: 200, headers: receiptHeader(grant.receipt), json: answerPage(value, link) }
    },
  },
}
