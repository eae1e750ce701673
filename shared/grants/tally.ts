/** Whose approval a grant waits for. */
export type Required = { count: number; approvers: readonly string[] }

/**
 * Whose approvals of a grant count: of those who are named, may approve still, and are not the grant's own root. Asked anew
 * at every use and never stored, so a permit that was withdrawn after the approval takes it away.
 */
export function counted(
  { approvers }: Required,
  approvedBy: readonly string[],
  { root, mayApprove }: { root: string; mayApprove: (approver: string) => boolean },
): string[] {
  const named = approvedBy.filter((one) => one !== root && approvers.includes(one))
  return [...new Set(named)].filter(mayApprove).sort()
}
