import { z } from 'zod'
import { hashToken } from '../../audit/token-hash.ts'
import { GatewayError } from '../../errors.ts'
import type { Registry } from '../acr/registry.ts'
import type { Broker } from '../broker/broker.ts'
import { narrowScope } from '../scope.ts'
import { upstreamClaims } from '../upstream-claims.ts'
import { NO_PATH } from './jwt.ts'
import type { MintedToken, TokenKind, TokenOrder } from './kind.ts'

export type AcrKindDeps = {
  broker: Broker
  registry: Registry /** Of login servers of this cloud. */
  suffix: string
  now(): number
}

/** What the registry granted stands in its token; an action that the identity has no role for is left out. */
const Granted = z.object({
  exp: z.int().positive(),
  access: z.array(z.object({ type: z.string(), name: z.string(), actions: z.array(z.string()) })).max(16),
})

/** Access tokens of Azure Container Registry for one repository, under the gateway's identity. */
export function createAcrKind({ broker, registry, suffix, now }: AcrKindDeps): TokenKind<'acr'> {
  return {
    kind: 'acr',
    async plan(order) {
      const actions = planActions(order)
      const { registry: host, repository } = order.target.token
      if (!host.endsWith(`.${suffix}`)) throw new GatewayError('access_denied', 'acr_of_another_cloud')
      const scope = `repository:${repository}:${actions.join(',')}`
      return {
        handout: { reference: `${host}/${repository}` },
        identifiedBy: 'result',
        async mint() {
          const refresh = { identity: 'gateway', resource: `https://${host}` }
          const got = await broker.get({ ...refresh, scopes: [scope] }, async (how) => {
            const { token } = await broker.get(refresh, registry.refreshToken(host), { signal: how.signal })
            const fetched = await registry.accessToken(host, scope, token)(how)
            // Before it rests in the cache: what is refused is asked for anew.
            grantedIn(fetched.token, { repository, actions })
            return fetched
          })
          return { ...handOut(got.token, { order, actions, now: now() }), source: got.source }
        },
      }
    },
  }
}

function planActions({ target, scope, path, ttlSeconds }: TokenOrder<'acr'>): string[] {
  if (path !== undefined) throw new GatewayError('invalid_request', 'path_not_taken', { detail: NO_PATH })
  // The registry decides how long its tokens live: who asks for less is told so rather than given more.
  if (ttlSeconds !== undefined) throw new GatewayError('invalid_request', 'ttl_not_taken', { detail: NO_TTL })
  const actions = narrowScope(scope, target.token.permissions)
  if (!actions) throw new GatewayError('invalid_scope', 'scope_not_offered')
  return actions.toSorted()
}

/** What the registry granted. INVARIANT: within the repository and the actions that were decided; else nothing leaves. */
function grantedIn(token: string, wanted: { repository: string; actions: readonly string[] }): string[] {
  const granted = upstreamClaims(token, Granted).access.flatMap(({ type, name, actions }) => {
    const isWider = type !== 'repository' || name !== wanted.repository
    if (isWider || actions.some((action) => !wanted.actions.includes(action))) {
      throw new GatewayError('upstream_refused', 'upstream_too_wide')
    }
    return actions
  })
  if (granted.length === 0) throw new GatewayError('upstream_refused', 'acr_nothing_granted')
  return granted.toSorted()
}

type Decided = { order: TokenOrder<'acr'>; actions: readonly string[]; now: number }

function handOut(token: string, { order, actions, now }: Decided): MintedToken {
  const { registry, repository } = order.target.token
  const granted = grantedIn(token, { repository, actions })
  const { exp } = upstreamClaims(token, Granted)
  const { maxTtlSeconds } = order.obligations
  if (maxTtlSeconds !== undefined && exp * 1_000 - now > maxTtlSeconds * 1_000) {
    throw new GatewayError('access_denied', 'upstream_outlives_max_ttl', { detail: TOO_LONG })
  }
  const expiresAt = new Date(exp * 1_000).toISOString()
  return {
    token,
    tokenType: 'Bearer',
    parts: { registry, repository },
    blastRadius: {
      expiresAt,
      revocable: 'no',
      scope: granted.join(' '),
      boundTo: [`audience:${registry}`, `repository:${repository}`],
      issuedAs: `acr:${registry}:gateway`,
    },
    handout: { reference: `${registry}/${repository}`, tokenHash: hashToken(token), expiresAt },
  }
}

const NO_TTL = '`ttl` does not apply to this target: the registry decides how long its tokens live'
const TOO_LONG = 'the token of this target lives longer than your policy allows'
