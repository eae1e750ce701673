import { receiptHeader } from '../shared/gate.ts'
import type { Gateway } from '../shared/gateway.ts'
import { readJson } from '../shared/http/body.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint, GatewayRequest, GatewayResponse } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'
import { MAX_BODY_BYTES, NewSecretBody } from '../shared/secrets/new-secret.ts'
import { etagOf, readETags } from '../shared/secrets/precondition.ts'
import { answerRead } from '../shared/secrets/read-answer.ts'
import { ReadQuery, readCondition, waitFirst } from '../shared/secrets/read-request.ts'
import { secretRef, secretResource } from '../shared/secrets/secret-ref.ts'

/** A secret: read its value, write a new version. */
export const secret: Endpoint = {
  name: 'secret',
  route: 'v1/secrets/{vault}/{name}',
  dialect: 'problem',
  methods: { GET: read, PUT: write },
}

async function read(request: GatewayRequest, gateway: Gateway): Promise<GatewayResponse> {
  const ref = secretRef(request.params)
  const { version, wait = 0 } = readQuery(request, ReadQuery)
  const isKnown = readCondition(request.header('if-none-match'))
  const caller = await identify(request, gateway)
  const ask = { ...caller, action: 'secret:get' as const, resource: secretResource(ref) }
  const waited = wait > 0 ? await waitFirst(gateway, ask, { ref, isKnown, seconds: wait }) : undefined
  const grant = await gateway.admit({ ...ask, prepare: gateway.secrets.lookUp(ref, { version, isKnown }) })
  return answerRead(grant, ref, waited)
}

async function write(request: GatewayRequest, gateway: Gateway): Promise<GatewayResponse> {
  const ref = secretRef(request.params)
  readQuery(request, NoQuery)
  const precondition = {
    ifMatch: readETags('If-Match', request.header('if-match')),
    ifNoneMatch: readETags('If-None-Match', request.header('if-none-match')),
  }
  const secret = await readJson(request, NewSecretBody, { maxBytes: MAX_BODY_BYTES })
  const caller = await identify(request, gateway)
  return idempotent(request, gateway, caller, async (attempt) => {
    const grant = await gateway.admit({ ...caller, action: 'secret:set', resource: secretResource(ref) })
    const { created, version, metadata } = await gateway.secrets.set({ grant, ref }, { secret, precondition, attempt })
    const headers = { ETag: etagOf(version), ...receiptHeader(grant.receipt) }
    return { status: created ? 201 : 200, headers, json: metadata }
  })
}
