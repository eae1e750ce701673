import { z } from 'zod'
import { receiptHeader } from '../shared/gate.ts'
import { readJson } from '../shared/http/body.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'
import { secretRef, secretResource, secretVersion as toVersion } from '../shared/secrets/secret-ref.ts'

/** Body of PATCH. */
export const EnabledBody = z.strictObject({ enabled: z.boolean() })

/** One version: disable it, or restore (enable) it. */
export const secretVersion: Endpoint = {
  name: 'secret-version',
  route: 'v1/secrets/{vault}/{name}/versions/{version}',
  dialect: 'problem',
  methods: {
    PATCH: async (request, gateway) => {
      const ref = secretRef(request.params)
      const version = toVersion(request.params['version'])
      readQuery(request, NoQuery)
      const { enabled } = await readJson(request, EnabledBody)
      const caller = await identify(request, gateway)
      const action = enabled ? 'secret:restore' : 'secret:disable'
      const grant = await gateway.admit({ ...caller, action, resource: secretResource(ref) })
      const json = await gateway.secrets.setEnabled({ grant, ref }, { version, enabled })
      return { status: 200, headers: receiptHeader(grant.receipt), json }
    },
  },
}
