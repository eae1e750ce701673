import { createHash } from 'node:crypto'
import { hashToken } from '../../audit/token-hash.ts'
import { GatewayError } from '../../errors.ts'
import type { Broker } from '../broker/broker.ts'
import type { AccessOrder, Google } from '../google/google.ts'
import { boundLifetime, TOO_SHORT } from '../lifetime.ts'
import { narrowScope } from '../scope.ts'
import { NO_PATH } from './jwt.ts'
import type { TokenKind, TokenOrder } from './kind.ts'

export type GoogleKindDeps = { broker: Broker; google: Pick<Google, 'accessToken'>; now(): number }

/**
 * Lifetimes that are asked for. One of few, so that callers with slightly different bounds share a cached token; the
 * longest within every bound.
 */
const LIFETIMES = [3_600, 1_800, 900, 600, 300, 120, 60]

/** Two clocks are never the same: so much longer than asked for is still what was asked for. */
const SKEW_MS = 30_000

/** Google's client libraries ask for this when nobody said a scope; then the target decides. */
const CLIENT_DEFAULT_SCOPE = 'https://www.googleapis.com/auth/cloud-platform'

/** Google access tokens: workload identity federation, then a service account, then an access boundary. */
export function createGoogleKind({ broker, google, now }: GoogleKindDeps): TokenKind<'google'> {
  return {
    kind: 'google',
    async plan(order) {
      const access = planAccess(order)
      return {
        handout: { reference: access.serviceAccount },
        identifiedBy: 'result',
        async mint() {
          const asked = access.lifetimeSeconds * 1_000
          const got = await broker.get(keyOf(access), ({ signal }) => google.accessToken(access, signal))
          // Never a longer life than was decided, whatever Google says (T13).
          if (got.expiresAt > now() + asked + SKEW_MS) throw new GatewayError('upstream_refused', 'upstream_too_long')
          const expiresAt = new Date(got.expiresAt).toISOString()
          return {
            token: got.token,
            tokenType: 'Bearer',
            blastRadius: {
              expiresAt,
              revocable: 'no',
              scope: access.scopes.join(' '),
              boundTo: (access.accessBoundary ?? []).map(({ availableResource }) => `resource:${availableResource}`),
              issuedAs: `google:${access.serviceAccount}`,
            },
            handout: { reference: access.serviceAccount, tokenHash: hashToken(got.token), expiresAt },
            source: got.source,
          }
        },
      }
    },
  }
}

function planAccess(order: TokenOrder<'google'>): AccessOrder {
  const { target, obligations, now, notAfter } = order
  const { kind: _, scopes: offered, maxTtlSeconds, ...token } = target.token
  if (order.path !== undefined) throw new GatewayError('invalid_request', 'path_not_taken', { detail: NO_PATH })
  const isDefault = order.scope === CLIENT_DEFAULT_SCOPE && !offered.includes(CLIENT_DEFAULT_SCOPE)
  const scopes = narrowScope(isDefault ? undefined : order.scope, offered)
  if (!scopes) throw new GatewayError('invalid_scope', 'scope_not_offered')
  const bound = boundLifetime({
    now,
    maxSeconds: [order.ttlSeconds, obligations.maxTtlSeconds, maxTtlSeconds],
    notAfter,
  })
  if (!bound) throw new GatewayError('invalid_request', 'lifetime_too_short', { detail: TOO_SHORT })
  const longest = LIFETIMES.find((seconds) => seconds <= bound.exp - bound.iat)
  if (!longest) throw new GatewayError('invalid_request', 'google_lifetime_too_short', { detail: UNDER_A_MINUTE })
  return { ...token, target: target.name, scopes, lifetimeSeconds: longest }
}

const UNDER_A_MINUTE =
  'a token of this target lives at least a minute: the ttl, the policy or the token sent allows less'

/** INVARIANT: everything that changes what the token can do or how long is in the key (T21). */
function keyOf({ provider, subject, serviceAccount, target, lifetimeSeconds, accessBoundary, scopes }: AccessOrder) {
  const boundary = accessBoundary ? createHash('sha256').update(JSON.stringify(accessBoundary)).digest('base64url') : ''
  return {
    identity: `google:${serviceAccount}:${subject}:scope:${target}`,
    resource: `${provider} ${lifetimeSeconds} ${boundary}`,
    scopes,
  }
}
