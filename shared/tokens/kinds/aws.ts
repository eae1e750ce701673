import { createHash } from 'node:crypto'
import { hashToken } from '../../audit/token-hash.ts'
import { GatewayError } from '../../errors.ts'
import type { AssumeRole, AwsCredentials, AwsOrder } from '../aws/assume-role.ts'
import type { Broker } from '../broker/broker.ts'
import { boundLifetime, TOO_SHORT } from '../lifetime.ts'
import { narrowScope } from '../scope.ts'
import { NO_PATH } from './jwt.ts'
import type { TokenKind, TokenOrder } from './kind.ts'

export type AwsKindDeps = { broker: Broker; assumeRole: AssumeRole; now(): number }

/** AWS gives nothing shorter; few lifetimes, so that callers with slightly different bounds share credentials. */
const DURATIONS = [3_600, 1_800, 900]
const SKEW_MS = 30_000

/** Cloud credentials are no access token (RFC 8693 §2.2.1: `N_A`). */
const AWS_TOKEN_TYPE = 'urn:sallyport:token-type:aws-credentials'

/** AWS credentials of a role, cut down by the target's session policy. */
export function createAwsKind({ broker, assumeRole, now }: AwsKindDeps): TokenKind<'aws'> {
  return {
    kind: 'aws',
    async plan(order) {
      const aws = planAws(order)
      return {
        handout: { reference: aws.role },
        identifiedBy: 'result',
        async mint() {
          const { token, source } = await broker.get(keyOf(aws), async ({ signal }) => {
            const { expiresAt, ...parts } = await assumeRole(aws, signal)
            return { token: JSON.stringify({ ...parts, expiresAt }), expiresAt }
          })
          const { expiresAt, ...parts } = JSON.parse(token) as AwsCredentials
          // Never a longer life than was decided, whatever AWS says (T13).
          if (expiresAt > now() + aws.durationSeconds * 1_000 + SKEW_MS) {
            throw new GatewayError('upstream_refused', 'upstream_too_long')
          }
          const expiration = new Date(expiresAt).toISOString()
          return {
            token: parts.sessionToken,
            tokenType: 'N_A',
            issuedTokenType: AWS_TOKEN_TYPE,
            parts: { ...parts, expiration },
            blastRadius: { expiresAt: expiration, revocable: 'no', ...reach(aws), issuedAs: `aws:${aws.role}` },
            // The key's id is what CloudTrail names.
            handout: { reference: parts.accessKeyId, tokenHash: hashToken(parts.sessionToken), expiresAt: expiration },
            source,
          }
        },
      }
    },
  }
}

function planAws(order: TokenOrder<'aws'>): AwsOrder {
  const { target, obligations, now, notAfter } = order
  const { kind: _, maxTtlSeconds, ...token } = target.token
  if (order.path !== undefined) throw new GatewayError('invalid_request', 'path_not_taken', { detail: NO_PATH })
  if (!narrowScope(order.scope, [])) throw new GatewayError('invalid_scope', 'scope_not_offered')
  const maxSeconds = [order.ttlSeconds, obligations.maxTtlSeconds, maxTtlSeconds]
  const bound = boundLifetime({ now, maxSeconds, notAfter })
  if (!bound) throw new GatewayError('invalid_request', 'lifetime_too_short', { detail: TOO_SHORT })
  const longest = DURATIONS.find((seconds) => seconds <= bound.exp - bound.iat)
  if (!longest) throw new GatewayError('invalid_request', 'aws_lifetime_too_short', { detail: UNDER_A_QUARTER })
  return { ...token, target: target.name, durationSeconds: longest }
}

const UNDER_A_QUARTER =
  'credentials of this target live at least 15 minutes: the ttl, the policy or the token sent allows less'

/** INVARIANT: everything that changes what the credentials can do or how long is in the key (T21). */
function keyOf({ role, region, target, durationSeconds, sessionPolicy }: AwsOrder) {
  const policy = createHash('sha256').update(JSON.stringify(sessionPolicy)).digest('base64url')
  return { identity: `aws:${role}:scope:${target}`, resource: `${region} ${durationSeconds} ${policy}` }
}

/** The most that can be left of the role: what the session policy allows, and on what. */
function reach({ sessionPolicy }: AwsOrder): { scope: string; boundTo: readonly string[] } {
  const allowed = sessionPolicy.Statement.filter(({ Effect }) => Effect === 'Allow')
  const scope = [...new Set(allowed.flatMap(({ Action }) => Action))].join(' ')
  return { scope, boundTo: [...new Set(allowed.flatMap(({ Resource }) => Resource))].map((arn) => `resource:${arn}`) }
}
