import { createHash } from 'node:crypto'
import type { Receipt } from '../audit/entry.ts'
import { hashToken } from '../audit/token-hash.ts'
import { GatewayError } from '../errors.ts'
import type { Ask, Gate } from '../gate.ts'
import type { Decision, Question } from '../policy/decision.ts'
import { admitEach } from './admit-each.ts'
import { type DelegateDeps, type Delegated, type DelegationWish, delegate, planDelegation } from './delegate.ts'
import { wholePattern } from './whole-pattern.ts'

export type Delegating = {
  caller: Pick<Ask<unknown>, 'txn' | 'principal' | 'context'>
  /** The same id for every try of one request. */
  operation: { id: string; answered: boolean }
  id: string
  wish: DelegationWish
}

type Deps = DelegateDeps & { admit: Gate['admit']; decide: (question: Question) => Decision }

/**
 * Hands a part of a grant on, to whoever shows its credential: the root must be permitted `grant:delegate` on all of the
 * grant's resources at this moment. Throws what the door throws, `conflict`, `uses_exhausted`, `invalid_request`.
 */
export async function delegateGrant(delegating: Delegating, deps: Deps): Promise<Delegated & { receipt: Receipt }> {
  const { caller, id, wish, operation } = delegating
  const parent = await deps.store.read(id)
  const shown = caller.principal.through?.chain.at(-1) === id
  if (!shown || typeof parent === 'string') return refuseOthers(delegating, deps)
  const { principal, context } = caller
  const child = grantIdOf(operation.id)
  const admitted = await admitEach(deps.admit, {
    ...{ ...caller, action: 'grant:delegate', resources: parent.terms.resources },
    check: (resource) => {
      const question = { principal, context, action: 'grant:delegate', resource: wholePattern(resource) } as const
      const { effect, reason } = deps.decide(question)
      if (effect === 'deny') throw new GatewayError('access_denied', reason)
      const plan = planDelegation(parent, wish, deps.now())
      if (plan instanceof GatewayError) throw plan
    },
  })
  try {
    admitted.spend()
    const { maxTtlSeconds } = admitted.obligations
    const wanted = { id: child, wish, maxTtlSeconds, reason: context.reason, answered: operation.answered }
    const made = await delegate(parent, wanted, deps)
    const expiresAt = new Date(made.context.status.expiresAt).toISOString()
    admitted.succeeded({
      jti: child,
      reference: `grant:${child}`,
      tokenHash: hashToken(made.credential),
      expiresAt,
    })
    return { ...made, receipt: admitted.receipt }
  } catch (error) {
    throw admitted.failed(error)
  }
}

/** Recorded, and the same whether there is such a grant or not. */
async function refuseOthers({ caller, id }: Delegating, { admit }: Deps): Promise<never> {
  await admit({
    ...caller,
    action: 'grant:delegate',
    resource: `grant/${id}`,
    prepare: async () => {
      throw new GatewayError('access_denied', 'not_its_credential')
    },
  })
  throw new GatewayError('internal', 'delegation_admitted')
}

/** The same operation makes the same grant. Hexadecimal: one in 64 of base64url begins with `-`, as an option does. */
const grantIdOf = (operation: string) =>
  createHash('sha256').update(`delegation|${operation}`).digest('hex').slice(0, 32)
