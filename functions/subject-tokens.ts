import { receiptHeader } from '../shared/gate.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'

/** What a cloud's own client library fetches before it exchanges: `credential_source.url` of an `external_account`. */
export const subjectTokens: Endpoint = {
  name: 'subject-tokens',
  route: 'v1/subject-tokens/{target}',
  dialect: 'problem',
  methods: {
    GET: async (request, gateway) => {
      readQuery(request, NoQuery)
      const caller = await identify(request, gateway)
      const target = request.params['target'] ?? ''
      const { token, expiresIn, receipt } = await gateway.subjectToken({ ...caller, target })
      return { status: 200, headers: receiptHeader(receipt), json: { subject_token: token, expires_in: expiresIn } }
    },
  },
}
