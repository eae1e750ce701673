import { z } from 'zod'
import { hashToken } from '../../audit/token-hash.ts'
import { GatewayError } from '../../errors.ts'
import type { Brokered } from '../broker/broker.ts'
import { NO_PATH } from '../kinds/jwt.ts'
import type { MintedToken, TokenOrder } from '../kinds/kind.ts'

type Narrowing = Pick<TokenOrder<never>, 'path' | 'ttlSeconds' | 'scope'>

/** Entra decides how long a token lives and, by roles, what it may: who asks for less is told so rather than given more. */
export function refuseNarrowing({ path, ttlSeconds, scope }: Narrowing): void {
  if (path !== undefined) throw new GatewayError('invalid_request', 'path_not_taken', { detail: NO_PATH })
  if (scope !== undefined) throw new GatewayError('invalid_scope', 'scope_not_offered')
  if (ttlSeconds !== undefined) throw new GatewayError('invalid_request', 'ttl_not_taken', { detail: NO_TTL })
}

const NO_TTL = '`ttl` does not apply to this target: its identity provider decides how long the token lives'
const TOO_LONG = 'the token of this target lives longer than your policy allows'

export type HandOut = {
  brokered: Brokered
  resource: string
  /** `entra:<tenant>:app:<client id>`, where the token does not tell its principal. */
  fallback: string
  maxTtlSeconds: number | undefined
  now: number
}

/** An Entra token as it leaves; throws `access_denied` when it lives longer than the obligation allows, and then nothing leaves. */
export function handOut({ brokered, resource, fallback, maxTtlSeconds, now }: HandOut): MintedToken {
  const { token, source } = brokered
  if (maxTtlSeconds !== undefined && brokered.expiresAt - now > maxTtlSeconds * 1_000) {
    throw new GatewayError('access_denied', 'upstream_outlives_max_ttl', { detail: TOO_LONG })
  }
  const expiresAt = new Date(brokered.expiresAt).toISOString()
  return {
    token,
    tokenType: 'Bearer',
    blastRadius: {
      expiresAt,
      revocable: 'no',
      scope: '',
      boundTo: [`audience:${resource}`],
      issuedAs: principalOf(token) ?? fallback,
    },
    handout: { tokenHash: hashToken(token), expiresAt },
    source,
  }
}

const Claims = z.object({ tid: z.guid(), oid: z.guid() })

/** What the token says of itself, for the statement alone: nothing is decided by it. */
function principalOf(token: string): string | undefined {
  try {
    const { tid, oid } = Claims.parse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')))
    return `entra:${tid}:${oid}`
  } catch {
    return undefined
  }
}
