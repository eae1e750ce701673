import { z } from 'zod'
import { hashToken } from '../../audit/token-hash.ts'
import { GatewayError } from '../../errors.ts'
import { judge } from '../broker/upstream-failure.ts'
import { boundLifetime, TOO_SHORT } from '../lifetime.ts'
import { narrowScope } from '../scope.ts'
import { upstreamClaims } from '../upstream-claims.ts'
import type { GenerateClientToken, HubClient } from '../web-pubsub/hub.ts'
import { NO_PATH } from './jwt.ts'
import type { MintedToken, TokenKind, TokenOrder } from './kind.ts'

export type WebPubSubKindDeps = {
  generate: GenerateClientToken /** Of services of this cloud. */
  suffix: string
  now(): number
}

const Lifetime = z.object({ exp: z.int().positive() })

/** Two clocks are never the same: so much longer than asked for is still what was asked for. */
const SKEW_MS = 30_000
const REQUEST_LIMIT_MS = 10_000

/**
 * Client access tokens of Azure Web PubSub, generated under the gateway's identity. Each is for one client, so none is
 * cached; what rests in the broker is the gateway's own token for the service.
 */
export function createWebPubSubKind({ generate, suffix, now }: WebPubSubKindDeps): TokenKind<'web-pubsub'> {
  return {
    kind: 'web-pubsub',
    async plan(order) {
      const client = planClient(order)
      if (!client.endpoint.endsWith(`.${suffix}`))
        throw new GatewayError('access_denied', 'web_pubsub_of_another_cloud')
      const reference = referenceOf(client)
      return {
        handout: { reference },
        identifiedBy: 'result',
        async mint() {
          const { token, url } = await generate(client, AbortSignal.timeout(REQUEST_LIMIT_MS)).catch(
            (error: unknown) => {
              throw judge(error).error
            },
          )
          const expiresAt = upstreamClaims(token, Lifetime).exp * 1_000
          // Never a longer life than was decided, whatever the service says (T13).
          if (expiresAt > now() + client.minutes * 60_000 + SKEW_MS) {
            throw new GatewayError('upstream_refused', 'upstream_too_long')
          }
          return { ...handOut(client, { token, expiresAt: new Date(expiresAt).toISOString() }), parts: { url } }
        },
      }
    },
  }
}

function planClient({ target, subject, obligations, ...order }: TokenOrder<'web-pubsub'>): HubClient {
  const { endpoint, hub, groups, userId, maxTtlSeconds } = target.token
  if (order.path !== undefined) throw new GatewayError('invalid_request', 'path_not_taken', { detail: NO_PATH })
  const roles = narrowScope(order.scope, target.token.roles)
  if (!roles) throw new GatewayError('invalid_scope', 'scope_not_offered')
  const maxSeconds = [order.ttlSeconds, obligations.maxTtlSeconds, maxTtlSeconds]
  const bound = boundLifetime({ now: order.now, maxSeconds, notAfter: order.notAfter })
  if (!bound) throw new GatewayError('invalid_request', 'lifetime_too_short', { detail: TOO_SHORT })
  const minutes = Math.floor((bound.exp - bound.iat) / 60)
  if (minutes < 1)
    throw new GatewayError('invalid_request', 'web_pubsub_lifetime_too_short', { detail: UNDER_A_MINUTE })
  return { endpoint, hub, roles, groups, minutes, ...(userId === 'caller' && { userId: subject.id }) }
}

function handOut(client: HubClient, { token, expiresAt }: { token: string; expiresAt: string }): MintedToken {
  const { endpoint, hub, roles, userId } = client
  const reference = referenceOf(client)
  return {
    token,
    tokenType: 'Bearer',
    blastRadius: {
      expiresAt,
      revocable: 'no',
      scope: roles.join(' '),
      boundTo: [`audience:${endpoint}/client/hubs/${hub}`],
      issuedAs: userId ?? `web-pubsub:${reference}`,
    },
    handout: { reference, tokenHash: hashToken(token), expiresAt },
    source: 'identity_provider',
  }
}

const referenceOf = ({ endpoint, hub }: HubClient) => `${new URL(endpoint).host}/${hub}`

const UNDER_A_MINUTE =
  'a token of this target lives at least a minute: the ttl, the policy or the token sent allows less'
