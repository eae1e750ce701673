import type { Receipt } from '../audit/entry.ts'
import type { Ask, Gate } from '../gate.ts'
import { recorded } from '../recorded.ts'
import type { AccessContext } from './access-context.ts'
import { type ApproveDeps, approve, checkApproval } from './approve.ts'

export type Approving = {
  caller: Pick<Ask<unknown>, 'txn' | 'principal' | 'context'>
  id: string
  decision: 'approve' | 'deny'
}

/** An approver's word on a grant: `grant:approve` is asked for it, and only then is told whether there is such a grant. */
export async function approveGrant(
  { caller, id, decision }: Approving,
  deps: ApproveDeps & { admit: Gate['admit'] },
): Promise<{ context: AccessContext; receipt: Receipt }> {
  const resource = `grant/${id}`
  const grant = await deps.admit({
    ...{ ...caller, action: 'grant:approve', resource },
    prepare: async () => {
      const fault = checkApproval(await deps.store.read(id), caller, deps.now())
      if (fault) throw fault
      return { handout: { reference: `grant:${id}` }, sealed: undefined }
    },
  })
  grant.spend('grant:approve', resource)
  const act = () => approve({ id, decision, ...caller }, deps)
  const context = await recorded(grant, act, () => ({ reference: `${decision}:${id}` }))
  return { context, receipt: grant.receipt }
}
