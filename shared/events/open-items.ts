import type { StoredRow, Table } from '../azure/table.ts'
import type { OpenItem } from '../grants/open-items.ts'
import type { Aftermath } from './aftermath.ts'
import type { GatewayEvent } from './event.ts'
import { CALL } from './outbox.ts'

type Deps = {
  table: Table
  emit: (event: GatewayEvent) => Promise<void>
  aftermath: Aftermath
  alarm(event: string, detail: Record<string, unknown>): void
}

type Told = Exclude<OpenItem, { event: 'breakglass.read' }>

/**
 * Takes what grants left to be told, or to be done, out of partition `open`. INVARIANT: the row goes last: killed before, the
 * same thing is told again under the same id and done again with the same end. Gives how many are settled.
 */
export async function takeOpenItems({ table, emit, aftermath, alarm }: Deps): Promise<number> {
  let settled = 0
  for await (const row of table.list({ partitionKey: 'open' }, CALL)) {
    const item = parse(row)
    if (!item) alarm('open_item.unreadable', { row: row.rowKey })
    else if (item.event === 'breakglass.read') {
      if (!(await aftermath(item, row))) continue
    } else await emit(eventOf(item, Date.parse(String(row['at']))))
    await table.remove('open', row.rowKey, row.etag, CALL)
    settled += 1
  }
  return settled
}

const KINDS: ReadonlySet<unknown> = new Set<OpenItem['event']>([
  'approval.requested',
  'grant.locked',
  'breakglass.used',
  'breakglass.read',
])

/** We wrote it; what somebody edited into nonsense is reported and goes. */
function parse({ item }: StoredRow): OpenItem | undefined {
  try {
    const read = JSON.parse(String(item))
    const isOurs = KINDS.has(read.event) && typeof read.grant === 'string' && typeof read.root === 'string'
    return isOurs ? read : undefined
  } catch {
    return undefined
  }
}

/** A grant has one of each, so its id and the kind make the event's id. */
function eventOf({ event, grant, root, ...said }: Told, at: number): GatewayEvent {
  const id = `${grant}-${event}`
  return { type: event, id, at, subject: `grant/${grant}`, data: { grant, principal: root, ...said } }
}
