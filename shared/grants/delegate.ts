import { z } from 'zod'
import { GatewayError } from '../errors.ts'
import { boundLifetime, TOO_SHORT } from '../tokens/lifetime.ts'
import { type AccessContext, newContext, type StoredContext } from './access-context.ts'
import { type Credentials, MAX_CHAIN } from './credential.ts'
import { type Bounds, narrow } from './narrow.ts'
import { fitsTogether, GrantMask } from './open-request.ts'
import { SLOTS } from './slots.ts'
import type { GrantStore } from './store.ts'
import type { Uses } from './uses.ts'

/** Body of `POST /v1/grants/{id}/delegations`. */
export const DelegationRequest = z.strictObject(GrantMask).superRefine(fitsTogether)

export type DelegationWish = Omit<z.infer<typeof DelegationRequest>, 'reason'>

export type DelegateDeps = {
  store: Pick<GrantStore, 'read' | 'insert'>
  uses: Uses
  credentials: Pick<Credentials, 'sign'>
  /** The grant, if it can be used at this moment; throws why not. */
  alive(grant: StoredContext | 'unknown' | 'tampered'): StoredContext
  now: () => number
}

type Wanted = {
  /** Of the child; the same for every try of one operation. */
  id: string
  wish: DelegationWish
  maxTtlSeconds?: number | undefined
  reason?: string | undefined
  /** An earlier try made it: what is gone is not made anew. */
  answered: boolean
}

export type Delegated = { context: AccessContext; credential: string }

/**
 * What a holder may hand on of its grant: the refusal when nothing, or not this way. A grant of an emergency stays with who
 * opened it; a chain has at most MAX_CHAIN grants (T14).
 */
export function planDelegation(
  { terms, status }: AccessContext,
  wish: DelegationWish,
  now: number,
): Bounds | GatewayError {
  if (terms.breakGlass) return cannot('a break-glass grant is not handed on', 'delegation_of_break_glass')
  if (terms.chain.length >= MAX_CHAIN) return cannot(`a chain has at most ${MAX_CHAIN} grants`, 'grant_chain_too_long')
  const { actions, resources, maxUses } = terms
  const { ttl: ttlSeconds, ...rest } = wish
  const held = { actions, resources, expiresAt: status.expiresAt, limited: maxUses !== undefined }
  const asked = { actions: rest.actions, resources: rest.resources, ttlSeconds }
  return narrow(held, { ...asked, ...(rest.maxUses !== undefined && { maxUses: rest.maxUses }) }, now)
}

const cannot = (detail: string, reason: string) => new GatewayError('conflict', reason, { detail })

/**
 * Makes the child. INVARIANT: its uses leave the parent first, under a record that names the child: what dies in between
 * loses uses and never makes any, and another try of the same operation takes none again (T12, T13). A parent that is revoked
 * meanwhile needs no lock: the child's chain is dead with it.
 */
export async function delegate(parent: AccessContext, wanted: Wanted, deps: DelegateDeps): Promise<Delegated> {
  const { maxUses, ttl } = wanted.wish
  const { id } = wanted
  const bounds = planDelegation(parent, wanted.wish, deps.now())
  if (bounds instanceof GatewayError) throw bounds
  const already = await deps.store.read(id)
  if (already !== 'unknown') return withCredential(already, parent, deps)
  if (wanted.answered) throw new GatewayError('idempotency_expired', 'delegation_gone')
  const now = deps.now()
  const maxSeconds = [ttl, wanted.maxTtlSeconds]
  const lifetime = boundLifetime({ now, maxSeconds, notAfter: bounds.expiresAt })
  if (!lifetime) throw new GatewayError('invalid_request', 'lifetime_too_short', { detail: TOO_SHORT })
  if (parent.terms.maxUses !== undefined && maxUses !== undefined) await takeOut(parent, { id, maxUses }, deps)
  const child = childOf(parent, wanted, { ...bounds, expiresAt: lifetime.exp * 1_000, openedAt: now })
  const inserted = (await deps.store.insert(child)) === 'inserted'
  return withCredential(inserted ? child : await deps.store.read(id), parent, deps)
}

function childOf({ terms, sha }: AccessContext, wanted: Wanted, bounds: Bounds & { openedAt: number }): AccessContext {
  const { id, reason } = wanted
  const { maxUses } = wanted.wish
  const { actions, resources, openedAt, expiresAt } = bounds
  const own = {
    ...{ id, chain: [...terms.chain, id], parent: { id: terms.id, sha }, principal: terms.principal },
    ...{ actions, resources, openedAt, validatedAt: terms.validatedAt },
    // A binding is only ever kept: whoever holds the child needs the key that the parent needs.
    ...(terms.boundTo !== undefined && { boundTo: terms.boundTo }),
    ...(maxUses !== undefined && { maxUses }),
    ...(reason !== undefined && { reason }),
  }
  const usesLeft = maxUses !== undefined && maxUses > SLOTS && { usesLeft: maxUses }
  return newContext(own, { state: 'active', generation: 1, expiresAt, ...usesLeft, approvedBy: [] })
}

/** A grant that can be used at this moment, itself; whoever came through it has had its chain judged. Throws why it cannot. */
export function aliveNow(grant: StoredContext | 'unknown' | 'tampered', now: number): StoredContext {
  if (typeof grant === 'string') throw new GatewayError('access_denied', `grant_${grant}`)
  const { state, expiresAt } = grant.status
  if (state !== 'active') throw new GatewayError('access_denied', `grant_${state}`)
  if (expiresAt <= now) throw new GatewayError('access_denied', 'grant_expired')
  return grant
}

async function takeOut(
  { terms }: AccessContext,
  child: { id: string; maxUses: number },
  { uses, alive }: DelegateDeps,
): Promise<void> {
  const { id, maxUses = 0 } = terms
  const take = { key: `d|${child.id}`, count: child.maxUses, about: { child: child.id } }
  await uses.take({ id, maxUses, check: alive }, take)
}

/** INVARIANT: only of the delegating grant's own child: which operation a key began is said by a row without a seal. */
async function withCredential(
  found: AccessContext | 'unknown' | 'tampered',
  { sha }: AccessContext,
  deps: DelegateDeps,
): Promise<Delegated> {
  if (typeof found === 'string') throw new GatewayError('access_denied', `grant_${found}`)
  if (found.terms.parent?.sha !== sha) throw new GatewayError('conflict', 'grant_of_another')
  return { context: found, credential: await deps.credentials.sign(found) }
}
