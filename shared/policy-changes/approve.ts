import { GatewayError } from '../errors.ts'
import type { Grant } from '../gate.ts'
import type { Principal } from '../identity/principal.ts'
import type { Current } from '../policy/storage/publish.ts'
import { recorded } from '../recorded.ts'
import { type Proposal, type Proposals, sameDocument } from './proposals.ts'

export type Word = {
  kind: string
  id: string
  sha256: string
  decision: 'approve' | 'deny'
  reason: string
}

type Deps = { proposals: Proposals; current: () => Promise<Current> }

/**
 * A second principal's word on a change that would let its writer do more (T36). Throws GatewayError `policy_not_found`,
 * `access_denied` for the writer's own and through a grant, `conflict` when it was decided or the revision has moved.
 */
export async function approveChange(deps: Deps, grant: Grant, word: Word): Promise<Proposal> {
  grant.spend('policy:approve', 'policy')
  const state = word.decision === 'approve' ? 'approved' : 'denied'
  const act = async () => {
    const proposal = await proposed(deps, grant.principal, word)
    return deps.proposals.decide(proposal, { state, approver: grant.principal.id, reason: word.reason })
  }
  return recorded(grant, act, () => ({ reference: `proposal:${word.sha256}:${state}` }))
}

async function proposed({ proposals, current }: Deps, approver: Principal, word: Word): Promise<Proposal> {
  // A person's own act: what a grant hands on of a right to approve would approve for whoever holds it.
  if (approver.through)
    throw refused('an approval comes from its principal itself, not through a grant', 'through_grant')
  const proposal = await proposals.read(word.sha256)
  if (!proposal || !sameDocument(proposal.change, word)) throw new GatewayError('policy_not_found', 'proposal_unknown')
  if (proposal.writer === approver.id) throw refused('nobody approves a change of their own', 'own_change')
  if ((await current()).revision !== proposal.revision) {
    const detail = 'the set has changed since: its writer has to send the change again'
    throw new GatewayError('conflict', 'proposal_outdated', { detail })
  }
  return proposal
}

const refused = (detail: string, reason: string) => new GatewayError('access_denied', reason, { detail })
