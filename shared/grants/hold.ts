import { GatewayError } from '../errors.ts'
import type { Grant } from '../gate.ts'
import type { Principal } from '../identity/principal.ts'
import { recorded } from '../recorded.ts'
import type { AccessContext, StoredContext } from './access-context.ts'
import type { GrantStore } from './store.ts'

export const GRANT_ID = /^[A-Za-z0-9_-]{32}$/

/** Id of a grant out of a path; malformed is `invalid_request` for everybody. */
export function grantId(text: string | undefined): string {
  if (text !== undefined && GRANT_ID.test(text)) return text
  const detail = 'a grant is named by the 32 characters of its id'
  throw new GatewayError('invalid_request', 'grant_id_malformed', { detail })
}

/**
 * Whoever holds a grant may read and revoke it without a permit: its opener by a token of its own, or who presents its
 * credential. INVARIANT: an opener that came through another grant is that grant's holder and no other's.
 */
export function holds({ id, through }: Principal, context: AccessContext): boolean {
  return through ? through.chain.at(-1) === context.terms.id : context.terms.principal === id
}

/** What an officer is told of a grant that is not there, or not as we wrote it. Throws `not_found`, `conflict`. */
export function needStored<T>(context: T | 'unknown' | 'tampered'): T {
  if (context === 'unknown') throw new GatewayError('not_found', 'grant_unknown')
  if (context === 'tampered') {
    throw new GatewayError('conflict', 'grant_tampered', { detail: 'the stored grant was altered: nobody can use it' })
  }
  return context as T
}

/** Spends the Grant; from now on the grant is dead on every instance, and all that were delegated from it. A second time changes nothing. */
export async function revokeGrant(
  grant: Grant<StoredContext>,
  { store, now }: { store: GrantStore; now: () => number },
): Promise<void> {
  const { id } = grant.sealed.terms
  grant.spend('grant:revoke', `grant/${id}`)
  await recorded(grant, async () => {
    const ended = { by: grant.principal.id, at: now() }
    const left = await store.change(id, ({ status }) =>
      status.state === 'revoked' ? undefined : { status: { ...status, state: 'revoked', ended } },
    )
    needStored(left)
  })
}
