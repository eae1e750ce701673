import { receiptHeader } from '../shared/gate.ts'
import type { Gateway } from '../shared/gateway.ts'
import { describeGrant, openedGrant } from '../shared/grants/answer.ts'
import { holds } from '../shared/grants/hold.ts'
import { ListGrantsQuery } from '../shared/grants/list.ts'
import { GrantRequest } from '../shared/grants/open-request.ts'
import { readJson } from '../shared/http/body.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint, GatewayRequest, GatewayResponse } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { NoQuery, readQuery } from '../shared/http/query.ts'
import { permissionsOf } from '../shared/policy/permissions.ts'
import { answerPage } from '../shared/secrets/pages.ts'

/** Access contexts: open one; list one's own, and those of others that one may read. */
export const grants: Endpoint = {
  name: 'grants',
  route: 'v1/grants',
  dialect: 'problem',
  methods: { POST: open, GET: list },
}

async function open(request: GatewayRequest, gateway: Gateway): Promise<GatewayResponse> {
  readQuery(request, NoQuery)
  const { reason, ...wish } = await readJson(request, GrantRequest)
  const caller = await identify(request, gateway, { reason })
  return idempotent(request, gateway, caller, async (operation) => {
    const { context, credential, receipt } = await gateway.grants.open({ caller, operation, wish })
    return { status: 201, headers: receiptHeader(receipt), json: openedGrant(context, credential) }
  })
}

async function list(request: GatewayRequest, gateway: Gateway): Promise<GatewayResponse> {
  const query = readQuery(request, ListGrantsQuery)
  const caller = await identify(request, gateway)
  const { principal } = caller
  const action = 'grant:read' as const
  const permissions = permissionsOf(principal, gateway.policy.current(), gateway.now())
  // Whom no permit lets read others' costs no look at them.
  const everybody = permissions.some(({ actions }) => actions.includes(action))
  let next: string | undefined
  const grant = await gateway.admitList({ ...caller, action, resource: 'grant' }, async () => {
    const page = await gateway.grants.list({ ...query, ...(!everybody && { principal: principal.id }) })
    next = page.next
    return page.grants.map(({ context, left }) => ({
      resource: `grant/${context.terms.id}`,
      item: describeGrant(context, gateway.now(), left),
      ...(holds(principal, context) && { entitled: 'holder' as const }),
    }))
  })
  grant.spend(action, 'grant')
  grant.succeeded()
  const link = { origin: gateway.config.frontDoor, path: request.path, query: request.query, next }
  return { status: 200, headers: receiptHeader(grant.receipt), json: answerPage(grant.sealed, link) }
}
