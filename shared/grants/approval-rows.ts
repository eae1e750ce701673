import { hash } from 'node:crypto'
import type { Row, Table } from '../azure/table.ts'
import type { Principal } from '../identity/principal.ts'
import type { Decision, Question, RequestContext } from '../policy/decision.ts'
import { orUnavailable } from '../storage-unavailable.ts'
import type { AccessContext, Seal } from './access-context.ts'
import { counted } from './tally.ts'

/** Who approved, as the decision saw it: asked again whenever the grant is used. */
export type Approval = { approver: Principal; context: RequestContext; at: number }

const CALL = { deadlineMs: 2_000 }

/** Row `a|<hash of the approver's principal id>` in the partition of the grant; sealed, so that nobody can write himself one. */
export function approvalRow(context: AccessContext, { approver, context: of, at }: Approval, seal: Seal): Row {
  const { through: _through, ...principal } = approver
  const said = JSON.stringify({ approver: principal, context: of, at })
  return { partitionKey: context.terms.id, rowKey: approvalKey(approver.id), said, seal: seal(sealed(context, said)) }
}

export const approvalKey = (approver: string) => `a|${hash('sha256', approver, 'base64url')}`

const sealed = ({ terms, sha }: AccessContext, said: string) => JSON.stringify(['approval', terms.id, sha, said])

/** Reads who approved a grant; what comes out tells, whenever it is asked, whose approval counts at that moment. */
export type LoadApprovals = (context: AccessContext) => Promise<() => readonly string[]>

export type LoadApprovalsDeps = {
  /** Table `grants`. */
  table: Table
  seal: () => Promise<Seal>
  decide: (question: Question) => Decision
}

/**
 * Each approver is asked again whether it may approve this grant: by its claims and address of then, today's policy and the
 * time of now. Throws `storage_unavailable`.
 */
export function createLoadApprovals({ table, seal, decide }: LoadApprovalsDeps): LoadApprovals {
  return async (context) => {
    const { terms, status } = context
    const { approval } = terms
    if (!approval || status.approvedBy.length === 0) return () => []
    const approvals = await orUnavailable('grants', () => read(context))
    const mayApprove = (approver: string) => {
      const found = approvals.get(approver)
      if (!found) return false
      const question = { principal: found.approver, context: found.context, action: 'grant:approve' } as const
      return decide({ ...question, resource: `grant/${terms.id}` }).effect === 'permit'
    }
    return () => counted(approval, status.approvedBy, { root: terms.principal, mayApprove })
  }

  async function read(context: AccessContext): Promise<Map<string, Approval>> {
    const sealOf = await seal()
    const found = new Map<string, Approval>()
    const rows = table.list({ partitionKey: context.terms.id, rowFrom: 'a|', rowBefore: 'a}' }, CALL)
    for await (const { said, seal: sealedBy } of rows) {
      if (typeof said !== 'string' || sealedBy !== sealOf(sealed(context, said))) continue
      const approval = JSON.parse(said) as Approval
      found.set(approval.approver.id, approval)
    }
    return found
  }
}
