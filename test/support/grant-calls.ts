import { grantApprovals } from '../../functions/grant-approvals.ts'
import { grantDelegations } from '../../functions/grant-delegations.ts'
import { grantRenewals } from '../../functions/grant-renewals.ts'
import { grantRevocations } from '../../functions/grant-revocations.ts'
import { grants } from '../../functions/grants.ts'
import { secret } from '../../functions/secret.ts'
import type { GatewayResponse } from '../../shared/http/endpoint.ts'
import type { secretGateway } from './secret-gateway.ts'
import type { Caller } from './tenant.ts'

type On = Pick<Awaited<ReturnType<typeof secretGateway>>, 'call'>
type Headers = Record<string, string>

export type Given = { id: string; credential: string; expires: string; generation: number; usesLeft: number | null }

export const givenBy = ({ json }: GatewayResponse) => json as Given & Record<string, unknown>

/** What a caller does with grants, by name; `on` is asked at each call, so that it may be made later. */
export function grantCalls(on: () => On) {
  const post = (endpoint: typeof grants, who: Caller | undefined, body: unknown, id?: string, headers: Headers = {}) =>
    on().call(endpoint, who, { method: 'POST', body, headers, ...(id !== undefined && { params: { id } }) })
  const by = (credential: string): Headers => ({ authorization: `Bearer ${credential}` })
  return {
    open: (body: object, who: Caller = 'billing-app', headers: Headers = {}) =>
      post(grants, who, body, undefined, headers),
    delegate: ({ id, credential }: Pick<Given, 'id' | 'credential'>, body: object, headers: Headers = {}) =>
      post(grantDelegations, undefined, body, id, { ...by(credential), ...headers }),
    renew: ({ id, credential, generation }: Pick<Given, 'id' | 'credential' | 'generation'>, headers: Headers = {}) =>
      post(grantRenewals, undefined, { generation }, id, { ...by(credential), ...headers }),
    approve: (id: string, who: Caller, decision = 'approve') =>
      post(grantApprovals, who, { decision, reason: 'looked at it' }, id),
    revokeAll: (body: object, who: Caller, headers: Headers = {}) =>
      post(grantRevocations, who, body, undefined, headers),
    read: (name: string, credential: string, headers: Headers = {}) =>
      on().call(secret, undefined, { params: { vault: 'main', name }, headers: { ...by(credential), ...headers } }),
  }
}
