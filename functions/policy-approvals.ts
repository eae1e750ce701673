import { receiptHeader } from '../shared/gate.ts'
import type { Gateway } from '../shared/gateway.ts'
import { readJson } from '../shared/http/body.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint, GatewayRequest, GatewayResponse } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'
import { describeProposal } from '../shared/policy-changes/describe.ts'
import { ApprovalBody, documentAt } from '../shared/policy-changes/request.ts'

/** Changes of a document by which their writer would gain: shown to who may approve them, and decided. */
export const policyApprovals: Endpoint = {
  name: 'policy-approvals',
  route: 'v1/policies/{kind}/{id}/approvals',
  dialect: 'problem',
  methods: { GET: list, POST: decide },
}

async function list(request: GatewayRequest, gateway: Gateway): Promise<GatewayResponse> {
  const { kind, id } = documentAt(request.params)
  readQuery(request, NoQuery)
  const caller = await identify(request, gateway)
  const grant = await gateway.admit({ ...caller, action: 'policy:approve', resource: 'policy' })
  grant.spend('policy:approve', 'policy')
  try {
    const value = (await gateway.policyChanges.proposalsFor(kind, id)).map(describeProposal)
    grant.succeeded({ reference: `proposals:${value.length}` })
    return { status: 200, headers: receiptHeader(grant.receipt), json: { value } }
  } catch (error) {
    throw grant.failed(error)
  }
}

async function decide(request: GatewayRequest, gateway: Gateway): Promise<GatewayResponse> {
  const at = documentAt(request.params)
  readQuery(request, NoQuery)
  const word = await readJson(request, ApprovalBody)
  const caller = await identify(request, gateway, word)
  return idempotent(request, gateway, caller, async () => {
    const prepare = async () => ({ handout: { reference: `proposal:${word.sha256}` }, sealed: undefined })
    const grant = await gateway.admit({ ...caller, action: 'policy:approve', resource: 'policy', prepare })
    const decided = await gateway.policyChanges.approve(grant, { ...at, ...word })
    return { status: 200, headers: receiptHeader(grant.receipt), json: describeProposal(decided) }
  })
}
