import { GatewayError } from '../errors.ts'
import type { Ask } from '../gate.ts'
import type { Principal } from '../identity/principal.ts'
import type { RequestContext } from '../policy/decision.ts'
import { resourceOf } from './own-resource.ts'
import type { OwnToken, OwnTokens } from './own-token.ts'

/** Who asks about which token. */
export type TokenQuestion = { txn: string; principal: Principal; context: RequestContext; token: string }

/** RFC 7662 §2.2. */
export type Introspection = { active: false } | ({ active: true; token_type: string } & Record<string, unknown>)

/** All that is said of whatever is not an active token that the caller may see (RFC 7662 §2.2, T20). */
export const INACTIVE: Introspection = Object.freeze({ active: false })

export type IntrospectionDeps = {
  own: Pick<OwnTokens, 'read' | 'isRevoked'>
  /** Finds a grant alive by its id; throws `access_denied` or `approval_required` when it is dead. */
  throughOf(grant: string): Promise<unknown>
}

/**
 * The question for the door. What is no token of ours that is still good is asked about as `token/_`, like a target that does
 * not exist: one decision and one record either way, so that nobody without permission can tell. Whether it was revoked, or
 * the grant that it came by, is looked up after the permit. Throws `keys_unavailable`; the door hands `storage_unavailable` on.
 */
export async function askIntrospection(
  { token, ...caller }: TokenQuestion,
  deps: IntrospectionDeps,
): Promise<Ask<Introspection>> {
  const own = await deps.own.read(token, 'at+jwt')
  return {
    ...caller,
    action: 'token:introspect',
    ...resourceOf(own, caller.principal),
    prepare: async () => {
      if (!own) return { handout: {}, sealed: INACTIVE }
      const handout = { jti: own.jti, expiresAt: new Date(own.expiresAt).toISOString() }
      return { handout, sealed: (await isOver(own, deps)) ? INACTIVE : describe(own) }
    },
  }
}

async function isOver(token: OwnToken, { own, throughOf }: IntrospectionDeps): Promise<boolean> {
  if (await own.isRevoked(token)) return true
  const { grant, actor_grant: actorGrant } = token.claims
  try {
    for (const id of [grant, actorGrant]) if (id !== undefined) await throughOf(String(id))
    return false
  } catch (error) {
    if (error instanceof GatewayError && DEAD.has(error.code)) return true
    throw error
  }
}

const DEAD: ReadonlySet<string> = new Set(['access_denied', 'approval_required'])

const TOLD = ['scope', 'client_id', 'sub', 'aud', 'iss', 'exp', 'iat', 'jti', 'act', 'txn', 'cnf']

/** RFC 7662 §2.2, RFC 8693 §4.3 (`act`), RFC 9449 §6.2 (`cnf`, and its token type). */
function describe({ claims }: OwnToken): Introspection {
  const told = Object.fromEntries(
    TOLD.filter((name) => Object.hasOwn(claims, name)).map((name) => [name, claims[name]]),
  )
  return { active: true, ...told, token_type: Object.hasOwn(claims, 'cnf') ? 'DPoP' : 'Bearer' }
}
