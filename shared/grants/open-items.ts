import { createHash } from 'node:crypto'
import type { StoredRow, Table } from '../azure/table.ts'
import { orUnavailable } from '../storage-unavailable.ts'
import type { AccessContext, Seal } from './access-context.ts'

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

type Deps = { table: Table; now: () => number; seal: () => Promise<Seal> }

const CALL = { deadlineMs: 2_000 }

/**
 * Table `subscriptions`, partition `open`, row `<event>|<grant>` (and a hash of the resource where there is one), columns
 * `event`, `at`, `item` (JSON) and `seal`. Rows are inserted here and nowhere changed: whoever delivers an item removes its row.
 */
export function createOpenItems({ table, now, seal }: Deps): OpenItems {
  return {
    async add(item) {
      const about = 'resource' in item ? [hashOf(item.resource)] : []
      const rowKey = [item.event, item.grant, ...about].join('|')
      const said = { at: new Date(now()).toISOString(), item: JSON.stringify(item) }
      const row = {
        partitionKey: 'open',
        rowKey,
        event: item.event,
        ...said,
        seal: (await seal())(sealed(rowKey, said)),
      }
      await orUnavailable('open_item', () => table.insert(row, CALL))
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

/** Undefined when the seal does not fit: what stands here is told under our signature, or has a secret made new. `at` in milliseconds. */
export function readOpenItem({ rowKey, at, item, seal: found }: StoredRow, seal: Seal) {
  if (typeof at !== 'string' || typeof item !== 'string') return undefined
  if (found !== seal(sealed(rowKey, { at, item }))) return undefined
  return { item: JSON.parse(item) as OpenItem, at: Date.parse(at) }
}

/** INVARIANT: the word first keeps it apart from every other text that is sealed with the same key. */
const sealed = (rowKey: string, { at, item }: { at: string; item: string }) =>
  JSON.stringify(['open', rowKey, at, item])

const hashOf = (resource: string) => createHash('sha256').update(resource).digest('base64url')
