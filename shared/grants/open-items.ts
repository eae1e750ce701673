import { createHash } from 'node:crypto'
import type { Table } from '../azure/table.ts'
import { orUnavailable } from '../storage-unavailable.ts'
import type { AccessContext } from './access-context.ts'

/** Something that somebody has to be told of, or has to do, afterwards; never a value or a credential. */
export type OpenItem =
  /** A grant waits for approvals. */
  | { event: 'approval.requested'; grant: string; root: string; approvers: readonly string[]; count: number }
  /** A grant was renewed with an old generation: there are two holders of its credential. */
  | { event: 'grant.locked'; grant: string; root: string; generation: number }
  /** Glass was broken: every approver that was skipped is to be told, and the case is to be reviewed. */
  | {
      event: 'breakglass.used'
      grant: string
      root: string
      reason: string
      ticket: string
      skipped: readonly string[]
    }
  /** A value was read through such a grant: to be rotated when the grant has ended. */
  | { event: 'breakglass.read'; grant: string; root: string; resource: string }

export type OpenItems = {
  /** Durable when it resolves; the same item a second time changes nothing. Throws `storage_unavailable`. */
  add(item: OpenItem): Promise<void>
}

const CALL = { deadlineMs: 2_000 }

/**
 * Table `subscriptions`, partition `open`, row `<event>|<grant>` (and a hash of the resource where there is one), columns
 * `event`, `at` and `item` (JSON). Rows are inserted here and nowhere changed: whoever delivers an item removes its row.
 */
export function createOpenItems({ table, now }: { table: Table; now: () => number }): OpenItems {
  return {
    async add(item) {
      const about = 'resource' in item ? [hashOf(item.resource)] : []
      const rowKey = [item.event, item.grant, ...about].join('|')
      const row = { partitionKey: 'open', rowKey, event: item.event, at: new Date(now()).toISOString() }
      await orUnavailable('open_item', () => table.insert({ ...row, item: JSON.stringify(item) }, CALL))
    },
  }
}

/** What somebody has to hear of a new grant, before its credential leaves. */
export async function tellOpened({ terms, status }: AccessContext, openItems: OpenItems): Promise<void> {
  const { id: grant, principal: root, approval, breakGlass, reason = '', ticket = '' } = terms
  if (breakGlass) {
    await openItems.add({ event: 'breakglass.used', grant, root, reason, ticket, skipped: breakGlass.skipped })
  }
  if (approval && status.state === 'pending') {
    await openItems.add({ event: 'approval.requested', grant, root, ...approval })
  }
}

const hashOf = (resource: string) => createHash('sha256').update(resource).digest('base64url')
