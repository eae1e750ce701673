import { GatewayError } from '../shared/errors.ts'
import { receiptHeader } from '../shared/gate.ts'
import type { Gateway } from '../shared/gateway.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint, GatewayRequest, GatewayResponse } from '../shared/http/endpoint.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'
import { describePolicy } from '../shared/policy-changes/describe.ts'
import { documentAt } from '../shared/policy-changes/request.ts'
import { matches, readETags } from '../shared/secrets/precondition.ts'
import { endPolicy, writePolicy } from './policy-write.ts'

/** One policy document: read it, write it, end it. */
export const policy: Endpoint = {
  name: 'policy',
  route: 'v1/policies/{kind}/{id}',
  dialect: 'problem',
  methods: { GET: read, PUT: writePolicy, DELETE: endPolicy },
}

async function read(request: GatewayRequest, gateway: Gateway): Promise<GatewayResponse> {
  const { kind, id } = documentAt(request.params)
  readQuery(request, NoQuery)
  const known = readETags('If-None-Match', request.header('if-none-match'))
  const caller = await identify(request, gateway)
  const grant = await gateway.admit({ ...caller, action: 'policy:read', resource: 'policy' })
  grant.spend('policy:read', 'policy')
  try {
    const { inForce } = await gateway.policyChanges.current()
    const found = inForce.find((one) => one.kind === kind && one.id === id)
    if (!found) throw new GatewayError('policy_not_found', 'policy_unknown')
    const json = describePolicy(found)
    grant.succeeded({ reference: `policy:${kind}/${id}` })
    const headers = { ETag: json.etag, ...receiptHeader(grant.receipt) }
    return known && matches(known, json.etag.slice(1, -1)) ? { status: 304, headers } : { status: 200, headers, json }
  } catch (error) {
    throw grant.failed(error)
  }
}
