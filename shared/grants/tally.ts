/** Whose word a grant waits for. */
export type Required = { count: number; approvers: readonly string[] }

/** One approver's word. */
export type Word = { approver: string; decision: 'approve' | 'deny' }

export type Tally = { state: 'pending' | 'approved' | 'denied'; approvedBy: readonly string[] }

/**
 * What the words on a grant amount to: derived at every use, never stored, so that two approvers at once, a process that died
 * and a permit that was withdrawn afterwards all come out right. An approval counts while its approver is named, may approve
 * still, and is not the grant's own root; one denial by somebody who is named ends it, whatever its maker may do today.
 */
export function tally(
  { count, approvers }: Required,
  words: readonly Word[],
  { root, mayApprove }: { root: string; mayApprove: (approver: string) => boolean },
): Tally {
  const counted = words.filter(({ approver }) => approver !== root && approvers.includes(approver))
  const approvals = counted.filter(({ approver, decision }) => decision === 'approve' && mayApprove(approver))
  const approvedBy = [...new Set(approvals.map(({ approver }) => approver))].sort()
  if (counted.some(({ decision }) => decision === 'deny')) return { state: 'denied', approvedBy: [] }
  return { state: approvedBy.length >= count ? 'approved' : 'pending', approvedBy }
}
