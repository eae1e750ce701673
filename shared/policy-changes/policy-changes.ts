import type { Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import type { Grant } from '../gate.ts'
import type { SetOptions } from '../policy/documents/policy-set.ts'
import { API_MANAGER } from '../policy/plan/merge.ts'
import { type Current, publishSet, readCurrent } from '../policy/storage/publish.ts'
import { fulfils } from '../policy/storage/revision.ts'
import { recorded } from '../recorded.ts'
import { orUnavailable } from '../storage-unavailable.ts'
import { approveChange, type Word } from './approve.ts'
import { changeHash } from './change.ts'
import { type NextSet, nextSet, tagOf, type Wish } from './next-set.ts'
import { createProposals, type Proposal } from './proposals.ts'

export type PolicyChangesDeps = {
  table: Table
  now: () => number
  checks: SetOptions
  /** Makes what was published what this instance decides by. */
  refresh: () => Promise<void>
}

export type Changed = { revision: number; existed: boolean; tag?: string }

export type PolicyChanges = {
  /** What documents are checked against beside their schemas and each other. */
  checks: SetOptions
  /** What is in force by the table; throws `no_policy`, `policy_unavailable`, `storage_unavailable`. */
  current(): Promise<Current>
  /**
   * Writes one document, or ends it. The whole set is checked, published by the way of every apply and in force when this
   * returns. Throws what `nextSet` throws, `approval_required` with the `sha256` of a change that its writer would gain by,
   * and `conflict` while another change is under way.
   */
  change(grant: Grant, wish: Omit<Wish, 'writer'>): Promise<Changed>
  /** Changes of a document that wait for a second principal, or have its word. */
  proposalsFor(kind: string, id: string): Promise<Proposal[]>
  /** As approveChange. */
  approve(grant: Grant, word: Word): Promise<Proposal>
}

/** Changes of policies over HTTP: each by the way of an apply, none that gives its writer anything without a second principal (T36). */
export function createPolicyChanges({ table, now, checks, refresh }: PolicyChangesDeps): PolicyChanges {
  const proposals = createProposals({ table, now })

  async function publish(wish: Wish): Promise<Changed> {
    let made: NextSet | undefined
    let basis: string | undefined
    const next = async (current: Current) => {
      sound(current)
      // Under the claim mostly the same stands there as before it.
      if (!made || basis !== current.published?.etag) made = await nextSet(current, wish, { ...checks, now: now() })
      basis = current.published?.etag
      if (made.own.length > 0) await approved(current, made, wish)
      return made.members
    }
    const { revision } = await publishSet({ table, now, manager: API_MANAGER, next })
    const { existed = false, change } = made ?? {}
    return { revision, existed, ...(change?.text !== undefined && { tag: tagOf({ text: change.text }) }) }
  }

  /** INVARIANT: asked again under the claim, so that the revision which was approved is the one that is replaced. */
  async function approved(current: Current, { change, own }: NextSet, { writer }: Wish): Promise<void> {
    // Its holder could approve it under the name that it has when it comes by itself.
    if (writer.through) {
      const detail = 'what grants anything new is written by its principal itself, not through a grant'
      throw new GatewayError('access_denied', 'through_grant', { detail })
    }
    const sha256 = changeHash(change, writer.id, current)
    const known = await proposals.read(sha256)
    if (known?.state === 'approved' && known.approver !== undefined && known.approver !== writer.id) return
    const expiresAt =
      known?.expiresAt ?? (await proposals.keep({ sha256, change, writer: writer.id, revision: current.revision }))
    const denied = known?.state === 'denied'
    throw new GatewayError('approval_required', denied ? 'self_grant_denied' : 'self_grant', {
      detail: denied
        ? 'another principal has denied this change'
        : 'it would let its writer do what it could not: another principal has to approve it',
      errors: own.map(({ document, because }) => ({ pointer: `/${document}`, detail: because })),
      members: { sha256, expires: new Date(expiresAt).toISOString() },
    })
  }

  async function current(): Promise<Current> {
    const read = await orUnavailable('policies', () => readCurrent(table))
    sound(read)
    return read
  }

  return {
    checks,
    current,
    async change(grant, wish) {
      grant.spend('policy:write', 'policy')
      const changed = await recorded(
        grant,
        () => orUnavailable('policies', () => publish({ ...wish, writer: grant.principal })),
        ({ revision }) => ({ reference: `policy:${wish.kind}/${wish.id}@${revision}` }),
      )
      // It is in force whatever this look brings; the poll comes to it.
      await refresh().catch(() => {})
      return changed
    },
    proposalsFor: (kind, id) => orUnavailable('policies', () => proposals.of(kind, id)),
    approve: (grant, word) => orUnavailable('policies', () => approveChange({ proposals, current }, grant, word)),
  }
}

/** INVARIANT: rows that somebody changed by hand are published by no change of another document, as if they had been granted. */
function sound({ published, inForce }: Current): void {
  if (!published) throw new GatewayError('no_policy', 'no_revision')
  if (!fulfils(inForce, published)) throw new GatewayError('policy_unavailable', 'policy_bad_set')
}
