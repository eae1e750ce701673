import { z } from 'zod'
import { GatewayError } from '../errors.ts'
import type { Principal } from '../identity/principal.ts'
import type { RequestContext } from '../policy/decision.ts'
import type { AccessContext, Seal, Status, StoredContext } from './access-context.ts'
import { approvalRow } from './approval-rows.ts'
import type { GrantStore } from './store.ts'

/** Body of `POST /v1/grants/{id}/approvals`. */
export const ApprovalRequest = z.strictObject({
  decision: z.enum(['approve', 'deny']),
  reason: z.string().min(1).max(256),
})

type Word = z.infer<typeof ApprovalRequest>['decision']

export type ApproveDeps = {
  store: Pick<GrantStore, 'read' | 'change'>
  seal: () => Promise<Seal>
  now: () => number
}

/** Somebody's word on a grant, as the door admitted it. */
export type Approving = { id: string; decision: Word; principal: Principal; context: RequestContext }

/** Why somebody who may approve grants may not speak about this one; the look-up is permitted by then. */
export function checkApproval(
  found: StoredContext | 'unknown' | 'tampered',
  { principal }: Pick<Approving, 'principal'>,
  now: number,
): GatewayError | undefined {
  if (found === 'unknown') return new GatewayError('not_found', 'grant_unknown')
  if (found === 'tampered') return new GatewayError('access_denied', 'grant_tampered')
  const { terms, status } = found
  // A person's own act: what a grant hands on of a right to approve would approve for whoever holds it.
  if (principal.through) return new GatewayError('access_denied', 'approval_through_grant')
  if (principal.id === terms.principal) return new GatewayError('access_denied', 'approval_of_own')
  if (!terms.approval) return cannot('the grant needs no approval', 'approval_not_needed')
  if (!terms.approval.approvers.includes(principal.id)) return new GatewayError('access_denied', 'approval_not_named')
  if (status.state === 'revoked' || status.state === 'locked' || status.expiresAt <= now) {
    return cannot('the grant has ended', 'approval_of_ended')
  }
  return undefined
}

const cannot = (detail: string, reason: string) => new GatewayError('conflict', reason, { detail })

/**
 * Writes an approver's word by compare-and-set: with enough approvals the grant becomes active, with one denial it is over.
 * Two approvers at once both count; a grant that was revoked meanwhile stays revoked. Whether an approval still counts is
 * asked at every use.
 */
export async function approve(approving: Approving, deps: ApproveDeps): Promise<AccessContext> {
  const seal = await deps.seal()
  const { id, decision, principal, context: of } = approving
  const found = await deps.store.change(id, (context) => {
    const at = deps.now()
    const fault = checkApproval(context, approving, at)
    if (fault) throw fault
    if (decision === 'deny') return { status: denied(context, principal.id, at) }
    if (context.status.approvedBy.includes(principal.id)) return undefined
    const row = approvalRow(context, { approver: principal, context: of, at }, seal)
    return { status: approved(context, principal.id), inserts: [row] }
  })
  if (typeof found === 'string') throw checkApproval(found, approving, deps.now()) ?? gone()
  return found
}

const gone = () => new GatewayError('not_found', 'grant_unknown')

const denied = ({ status }: StoredContext, by: string, at: number): Status => ({
  ...status,
  state: 'revoked',
  ended: { by, at },
})

function approved({ terms, status }: StoredContext, by: string): Status {
  const approvedBy = [...status.approvedBy, by].sort()
  const enough = approvedBy.length >= (terms.approval?.count ?? 0)
  return { ...status, approvedBy, state: enough ? 'active' : 'pending' }
}
