import { receiptHeader } from '../shared/gate.ts'
import { readAuthorization } from '../shared/http/authorization.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'
import { probeName } from '../shared/probes/answer-probe.ts'

/**
 * What the set in force says to the cases of a probe. Asked by the timer with a token for this alone, which hands out nothing and
 * is recorded by the timer; or by an operator with `policy:explain`.
 */
export const policyProbes: Endpoint = {
  name: 'policy-probes',
  route: 'v1/policy-probes/{name}',
  dialect: 'problem',
  methods: {
    GET: async (request, gateway) => {
      const name = probeName(request.params['name'])
      readQuery(request, NoQuery)
      const { scheme, token } = readAuthorization(request.header('authorization'))
      if (scheme === 'bearer' && (await gateway.probes.isProbe(token, name))) {
        return { status: 200, json: await gateway.probes.answer(name) }
      }
      const caller = await identify(request, gateway)
      const grant = await gateway.admit({ ...caller, action: 'policy:explain', resource: 'policy' })
      grant.spend('policy:explain', 'policy')
      try {
        const json = await gateway.probes.answer(name)
        grant.succeeded({ reference: `probe:${json.probe}` })
        return { status: 200, headers: receiptHeader(grant.receipt), json }
      } catch (error) {
        throw grant.failed(error)
      }
    },
  },
}
