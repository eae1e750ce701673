import { receiptHeader } from '../shared/gate.ts'
import type { Gateway } from '../shared/gateway.ts'
import type { StoredContext } from '../shared/grants/access-context.ts'
import { describeGrant } from '../shared/grants/answer.ts'
import { grantId, holds, needStored, revokeGrant } from '../shared/grants/hold.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint, GatewayRequest, GatewayResponse } from '../shared/http/endpoint.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'

/** One grant: see it, end it. */
export const grant: Endpoint = {
  name: 'grant',
  route: 'v1/grants/{id}',
  dialect: 'problem',
  methods: { GET: read, DELETE: revoke },
}

async function read(request: GatewayRequest, gateway: Gateway): Promise<GatewayResponse> {
  const { admitted, left } = await admit(request, gateway, 'grant:read')
  admitted.spend('grant:read', `grant/${admitted.sealed.terms.id}`)
  admitted.succeeded()
  const json = describeGrant(admitted.sealed, gateway.now(), left)
  return { status: 200, headers: receiptHeader(admitted.receipt), json }
}

async function revoke(request: GatewayRequest, gateway: Gateway): Promise<GatewayResponse> {
  const { admitted } = await admit(request, gateway, 'grant:revoke')
  await revokeGrant(admitted, { store: gateway.grants.store, now: gateway.now })
  return { status: 204, headers: receiptHeader(admitted.receipt) }
}

/** INVARIANT: read first, to know its holder, but said to nobody before the permit: unknown and another's are the same 403. */
async function admit(request: GatewayRequest, gateway: Gateway, action: 'grant:read' | 'grant:revoke') {
  const id = grantId(request.params['id'])
  readQuery(request, NoQuery)
  const caller = await identify(request, gateway)
  const { context, left } = await gateway.grants.slots.look(id)
  const isHolder = typeof context !== 'string' && holds(caller.principal, context)
  const admitted = await gateway.admit<StoredContext>({
    ...caller,
    action,
    resource: `grant/${id}`,
    ...(isHolder && { entitled: 'holder' }),
    prepare: async () => ({ handout: { reference: `grant:${id}` }, sealed: needStored<StoredContext>(context) }),
  })
  return { admitted, left }
}
