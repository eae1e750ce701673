import { GatewayError } from '../errors.ts'
import type { Principal } from '../identity/principal.ts'
import type { Action } from './actions.ts'
import type { Obligations, RequestContext } from './decision.ts'

/** A one-time handle satisfies `oneTime`; `approval` is satisfied by opening a grant that stays pending until it has it. */
export type Satisfied = ReadonlySet<'oneTime' | 'approval'>

type Asked = { principal: Principal; action: Action; context: RequestContext; satisfies?: Satisfied }

/** What the obligations still ask of the caller, as the refusal it leads to; undefined when they are met. */
export function unmetObligation(obligations: Obligations, asked: Asked): GatewayError | undefined {
  const { principal, context, satisfies } = asked
  if (obligations.requireReason && !context.reason) return new GatewayError('reason_required', 'reason_missing')
  if (obligations.requireTicket && !context.ticket) return new GatewayError('ticket_required', 'ticket_missing')
  if (obligations.requireDpop && !isPossessed(asked)) return new GatewayError('dpop_required', 'dpop_missing')
  if (obligations.oneTime && !satisfies?.has('oneTime')) return new GatewayError('handle_required', 'handle_missing')
  if (obligations.approval && !satisfies?.has('approval') && !isApproved(obligations.approval, principal))
    return new GatewayError('approval_required', 'approval_missing')
  return undefined
}

/** Enough of those who may approve now have approved the grant that the request came through, its root not among them. */
function isApproved({ count, approvers }: NonNullable<Obligations['approval']>, { id, through }: Principal): boolean {
  const approved = new Set(through?.approvedBy.filter((approver) => approver !== id && approvers.includes(approver)))
  return approved.size >= count
}

/** What these give is bound to the key that was proved (its issuer sees to that), so any key will do. */
const BINDS: ReadonlySet<Action> = new Set(['token:issue', 'token:issueWrite', 'grant:create'])

/**
 * INVARIANT: everywhere else a proof alone says nothing, since whoever stole a bearer token can make one with a key of
 * their own: what was presented must have been bound to that key when it was issued.
 */
function isPossessed({ principal, action, context }: Asked): boolean {
  const { dpopThumbprint } = context
  if (dpopThumbprint === undefined) return false
  return BINDS.has(action) || principal.boundTo === dpopThumbprint
}
