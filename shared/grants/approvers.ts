import type { LoadApprovals } from './approval-rows.ts'
import type { Chain } from './chain.ts'

/** Who approved the grants of a chain, asked anew each time: a permit that is withdrawn takes the approval with it. */
export type Approvers = {
  /** Those who approved every grant of the chain that needed it. */
  approvedBy(): readonly string[]
  /** Whether each of these has as many as it needs. */
  suffice(): boolean
}

export async function approversOf(chain: Chain, load: LoadApprovals): Promise<Approvers> {
  const needed = await Promise.all(
    chain.flatMap((context) => {
      const { approval } = context.terms
      return approval ? [load(context).then((approvers) => ({ approvers, count: approval.count }))] : []
    }),
  )
  return {
    approvedBy() {
      const [first = [], ...others] = needed.map(({ approvers }) => approvers())
      return first.filter((approver) => others.every((each) => each.includes(approver)))
    },
    suffice: () => needed.every(({ approvers, count }) => approvers().length >= count),
  }
}
