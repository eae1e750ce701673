import { GatewayError } from '../../errors.ts'
import { type EntraToken, isGatewayIdentity } from '../../policy/documents/target-kinds/entra.ts'
import { isOwnResource } from '../../policy/documents/target-kinds/own-resources.ts'
import type { Broker, BrokerKey, Fetch } from '../broker/broker.ts'
import type { EntraPort } from '../entra/entra-port.ts'
import { handOut, refuseNarrowing } from '../entra/handed-out.ts'
import type { FederationTokens } from '../federation-token.ts'
import type { TokenKind } from './kind.ts'

export type EntraKindDeps = {
  broker: Broker
  entra: EntraPort
  federationToken: FederationTokens
  /** `aud` of assertions in this cloud: `api://AzureADTokenExchange`. */
  exchangeAudience: string
  now(): number
}

/** Entra tokens as an identity of the target's own, or, where the document says so, as the gateway's. */
export function createEntraKind(deps: EntraKindDeps): TokenKind<'entra'> {
  return {
    kind: 'entra',
    async plan(order) {
      refuseNarrowing(order)
      const { name, token } = order.target
      guardGatewayIdentity(token)
      const { key, fetch, fallback } = wayTo(name, token, deps)
      return {
        handout: { reference: fallback },
        identifiedBy: 'result',
        async mint() {
          const brokered = await deps.broker.get(key, fetch)
          const { maxTtlSeconds } = order.obligations
          return handOut({ brokered, resource: token.resource, fallback, maxTtlSeconds, now: deps.now() })
        },
      }
    },
  }
}

/** INVARIANT: checked here too, so that no document that slipped past validation makes the caller the gateway (T7). */
function guardGatewayIdentity({ identity, resource, allowGatewayIdentity }: EntraToken): void {
  if (!isGatewayIdentity(identity)) return
  if (allowGatewayIdentity !== true) throw new GatewayError('access_denied', 'gateway_identity_not_allowed')
  if (isOwnResource(resource)) throw new GatewayError('access_denied', 'gateway_identity_own_resource')
}

type Way = { key: BrokerKey; fetch: Fetch; fallback: string }

function wayTo(target: string, { identity, resource }: EntraToken, deps: EntraKindDeps): Way {
  const { entra } = deps
  if (identity === 'system') {
    return { key: { identity: 'gateway', resource }, fetch: entra.own({}, resource), fallback: 'entra:gateway' }
  }
  if ('userAssigned' in identity) {
    const { userAssigned } = identity
    const whose = `managed:${userAssigned}`
    return { key: { identity: whose, resource }, fetch: entra.own(identity, resource), fallback: `entra:${whose}` }
  }
  const { tenant, clientId } = identity
  const assertion = assertionFor(target, identity.assertion, deps)
  return {
    // The target is in the key: two targets with one application are trusted, and refused, apart.
    key: { tenant, identity: `app:${clientId}:${target}`, resource },
    fetch: entra.byAssertion({ tenant, clientId }, resource, assertion),
    fallback: `entra:${tenant}:app:${clientId}`,
  }
}

function assertionFor(target: string, by: 'gateway' | { userAssigned: string }, deps: EntraKindDeps) {
  const { broker, entra, federationToken, exchangeAudience: audience } = deps
  if (by === 'gateway') return () => federationToken({ audience, target })
  const key = { identity: `managed:${by.userAssigned}`, resource: audience }
  return async () => (await broker.get(key, entra.own(by, audience))).token
}
