import { GatewayError } from '../errors.ts'
import type { AccessContext, Status, StoredContext } from './access-context.ts'
import type { Credentials } from './credential.ts'
import type { OpenItems } from './open-items.ts'
import { planRenewal } from './renewal-plan.ts'
import type { GrantStore } from './store.ts'

export type TellClone = {
  store: Pick<GrantStore, 'change'>
  openItems: OpenItems
  /** Alarms: `grant.locked`. */
  locked(detail: { grant: string; generation: number }): void
}

export type RenewDeps = TellClone & {
  credentials: Pick<Credentials, 'sign'>
  /** Alarms: `grant.tampered`. */
  tampered(detail: { grant: string; what: string }): void
  now: () => number
}

/** The credential that was shown, and under which operation (the same for every try of one request). */
export type Renewal = {
  id: string
  generation: number
  operation: string
  /** An earlier try has been answered. */
  answered: boolean
  /** No later than this, milliseconds: what policy and the grants above it allow. */
  latest: number
}

export type RenewedGrant = { context: AccessContext; credential: string }

/**
 * Gives the next generation of a grant, by compare-and-set. Of two renewals of one generation one wins; the other finds an
 * old credential in its hand, which is what a clone looks like, and the grant is locked: nobody can use it any more, and an
 * item says so. Throws `grant_locked`, `access_denied`, `idempotency_expired`, `storage_unavailable`, `keys_unavailable`.
 */
export async function renew(renewal: Renewal, deps: RenewDeps): Promise<RenewedGrant> {
  const { id } = renewal
  let cloned = false
  const found = await deps.store.change(id, (context) => {
    cloned = false
    const { state } = context.status
    if (state === 'locked') cloned = true
    else if (state !== 'active') throw new GatewayError('access_denied', `grant_${state}`)
    if (context.status.expiresAt <= deps.now()) throw new GatewayError('access_denied', 'grant_expired')
    if (cloned) return undefined
    switch (planRenewal({ renewedBy: undefined, ...context.status }, renewal)) {
      case 'renew':
        return { status: next(context, renewal, deps.now()) }
      case 'repeat':
        return undefined
      case 'too_late':
        throw new GatewayError('idempotency_expired', 'renewal_overtaken')
      case 'cloned':
        cloned = true
        return { status: lock(context, deps.now()) }
      case 'set_back':
        deps.tampered({ grant: id, what: 'generation' })
        throw new GatewayError('access_denied', 'grant_tampered')
    }
  })
  if (typeof found === 'string') throw new GatewayError('access_denied', `grant_${found}`)
  if (cloned) return refuseClone(found, deps)
  return { context: found, credential: await deps.credentials.sign(found) }
}

/** Lives as long as it was given at first, from now on. */
function next({ terms, status }: StoredContext, { operation, latest }: Renewal, now: number): Status {
  const ttlMs = status.ttlMs ?? status.expiresAt - terms.openedAt
  const expiresAt = Math.floor(Math.min(now + ttlMs, latest) / 1_000) * 1_000
  return { ...status, generation: status.generation + 1, renewedBy: operation, ttlMs, expiresAt }
}

const lock = ({ terms, status }: StoredContext, at: number): Status => ({
  ...status,
  state: 'locked',
  ended: { by: terms.principal, at },
})

/**
 * Locked first, told then: who dies in between leaves a grant that nobody can use, and the next try tells. INVARIANT: told
 * once, or whoever holds a dead credential could alarm, and have everybody told, as often as it likes.
 */
export async function refuseClone({ terms, status }: AccessContext, deps: TellClone): Promise<never> {
  const { id: grant, principal: root } = terms
  const { generation } = status
  if (!status.told) {
    deps.locked({ grant, generation })
    await deps.openItems.add({ event: 'grant.locked', grant, root, generation })
    await deps.store.change(grant, (now) => (now.status.told ? undefined : { status: { ...now.status, told: true } }))
  }
  throw new GatewayError('grant_locked', 'grant_cloned')
}
