import { GatewayError } from '../shared/errors.ts'
import { receiptHeader } from '../shared/gate.ts'
import type { Gateway } from '../shared/gateway.ts'
import { readJson } from '../shared/http/body.ts'
import { type Caller, identify } from '../shared/http/caller.ts'
import type { GatewayRequest, GatewayResponse } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'
import { documentAt, MAX_DOCUMENTS_BYTES, PutBody } from '../shared/policy-changes/request.ts'
import { checkPrecondition, etagOf, readETags } from '../shared/secrets/precondition.ts'

/** PUT of a document. */
export async function writePolicy(request: GatewayRequest, gateway: Gateway): Promise<GatewayResponse> {
  const at = documentAt(request.params)
  readQuery(request, NoQuery)
  const check = precondition(request)
  const { document, reason } = await readJson(request, PutBody, { maxBytes: MAX_DOCUMENTS_BYTES })
  const caller = await identify(request, gateway, { reason })
  return idempotent(request, gateway, caller, async (operation) => {
    const grant = await admitWrite(gateway, caller, at)
    const {
      revision,
      existed,
      tag = '',
    } = await gateway.policyChanges.change(grant, { ...at, document, check, operation })
    const headers = { ETag: etagOf(tag), ...receiptHeader(grant.receipt) }
    return { status: existed ? 200 : 201, headers, json: { ...at, revision, etag: etagOf(tag) } }
  })
}

/** DELETE of a document. */
export async function endPolicy(request: GatewayRequest, gateway: Gateway): Promise<GatewayResponse> {
  const at = documentAt(request.params)
  readQuery(request, NoQuery)
  const check = precondition(request)
  const caller = await identify(request, gateway)
  const grant = await admitWrite(gateway, caller, at)
  const operation = { id: caller.txn, answered: false }
  await gateway.policyChanges.change(grant, { ...at, check, operation })
  return { status: 204, headers: receiptHeader(grant.receipt) }
}

function precondition(request: GatewayRequest) {
  const ifMatch = readETags('If-Match', request.header('if-match'))
  const ifNoneMatch = readETags('If-None-Match', request.header('if-none-match'))
  return (tag: string | undefined) => checkPrecondition({ ifMatch, ifNoneMatch }, tag)
}

/** Who may not write is told nothing of whether writing is on. */
function admitWrite({ admit, config }: Gateway, caller: Caller, { kind, id }: { kind: string; id: string }) {
  const prepare = async () => {
    if (!config.policyApi) throw new GatewayError('policy_api_off', 'policy_api_off')
    return { handout: { reference: `policy:${kind}/${id}` }, sealed: undefined }
  }
  return admit({ ...caller, action: 'policy:write', resource: 'policy', prepare })
}
