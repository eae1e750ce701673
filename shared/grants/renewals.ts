import { z } from 'zod'
import type { Receipt } from '../audit/entry.ts'
import { hashToken } from '../audit/token-hash.ts'
import { GatewayError } from '../errors.ts'
import type { Ask, Gate } from '../gate.ts'
import type { AccessContext } from './access-context.ts'
import { admitEach } from './admit-each.ts'
import { type RenewDeps, type RenewedGrant, renew } from './renew.ts'
import { planRenewal } from './renewal-plan.ts'

/** Body of `POST /v1/grants/{id}/renewals`: the generation of the credential that is shown. */
export const RenewalRequest = z.strictObject({ generation: z.int().min(1).max(1_000_000) })

/** A credential that may be an old one, with its grant as it stands. */
export type Shown = {
  context: AccessContext
  /** Of the credential. */
  generation: number
  /** Milliseconds: no later than those above it. */
  notAfter: number
}

export type Renewing = {
  caller: Pick<Ask<unknown>, 'txn' | 'principal' | 'context'>
  operation: { id: string; answered: boolean }
  id: string
  /** Absent where the caller showed no grant's credential. */
  shown: Shown | undefined
}

type Deps = RenewDeps & { admit: Gate['admit'] }

/**
 * Renews a grant for whoever shows its newest credential. No permit is needed, but a forbid of `grant:create` on one of its
 * resources stops it, and what the root's permit obliges to there holds. An old credential locks the grant, whatever policy
 * says, and the refusal is recorded.
 */
export async function renewGrant(renewing: Renewing, deps: Deps): Promise<RenewedGrant & { receipt: Receipt }> {
  const { caller, operation, id, shown } = renewing
  if (shown?.context.terms.id !== id) return refuseOthers(renewing, deps)
  const { context, generation, notAfter } = shown
  const asked = { generation, operation: operation.id, answered: operation.answered }
  const cloned = planRenewal({ renewedBy: undefined, ...context.status }, asked) === 'cloned'
  const locked = cloned ? await renew({ id, ...asked, latest: 0 }, deps).catch((error: unknown) => error) : undefined
  const admitted = await admitEach(deps.admit, {
    ...{ ...caller, action: 'grant:create', resources: context.terms.resources, entitled: 'holder' },
    // What was asked for when it was opened, approvals and one-time delivery, is asked for at each use.
    satisfies: new Set(['approval', 'oneTime']),
    check: () => {
      if (locked instanceof Error) throw locked
      if (context.terms.breakGlass) throw new GatewayError('conflict', 'renewal_of_break_glass', NO_RENEWAL)
    },
  })
  try {
    admitted.spend()
    const { maxTtlSeconds = Number.POSITIVE_INFINITY } = admitted.obligations
    const latest = Math.min(notAfter, deps.now() + maxTtlSeconds * 1_000)
    const renewed = await renew({ id, ...asked, latest }, deps)
    const expiresAt = new Date(renewed.context.status.expiresAt).toISOString()
    admitted.succeeded({ jti: id, reference: `grant:${id}`, tokenHash: hashToken(renewed.credential), expiresAt })
    return { ...renewed, receipt: admitted.receipt }
  } catch (error) {
    throw admitted.failed(error)
  }
}

const NO_RENEWAL = { detail: 'a break-glass grant is not renewed: open a new one' }

/** Recorded, and the same whether there is such a grant or not. */
async function refuseOthers({ caller, id }: Renewing, { admit }: Deps): Promise<never> {
  await admit({
    ...caller,
    action: 'grant:create',
    resource: `grant/${id}`,
    prepare: async () => {
      throw new GatewayError('access_denied', 'not_its_credential')
    },
  })
  throw new GatewayError('internal', 'renewal_admitted')
}
