import type { StoredRow, Table } from '../azure/table.ts'
import { type OpenItem, readOpenItem } from '../grants/open-items.ts'
import type { Seal } from '../handles/handle.ts'
import type { Aftermath } from './aftermath.ts'
import type { GatewayEvent } from './event.ts'
import { CALL, WALK } from './outbox.ts'

type Deps = {
  table: Table
  seal: () => Promise<Seal>
  emit: (event: GatewayEvent) => Promise<void>
  aftermath: Aftermath
  alarm(event: string, detail: Record<string, unknown>): void
}

type Told = Exclude<OpenItem, { event: 'breakglass.read' }>

/**
 * Takes what grants left to be told, or to be done, out of partition `open`. INVARIANT: the row goes last: killed before, the
 * same thing is told again under the same id and done again with the same end. One that fails keeps no other from its turn;
 * the first failure is thrown at the end. `guard` throws when another instance has taken over. Gives how many are settled.
 */
export async function takeOpenItems(deps: Deps, guard: () => Promise<void>): Promise<number> {
  let settled = 0
  const failures: unknown[] = []
  const seal = await deps.seal()
  for await (const row of deps.table.list({ partitionKey: 'open' }, WALK)) {
    await guard()
    try {
      if (!(await settle(deps, row, seal))) continue
      await deps.table.remove('open', row.rowKey, row.etag, CALL)
      settled += 1
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return settled
}

/** Gives whether nothing is left to do about it. */
async function settle({ emit, aftermath, alarm }: Deps, row: StoredRow, seal: Seal): Promise<boolean> {
  const found = readOpenItem(row, seal)
  if (!found) alarm('subscription.tampered', { partition: row.partitionKey, row: row.rowKey })
  else if (found.item.event === 'breakglass.read') return aftermath(found.item, row)
  else await emit(eventOf(found.item, found.at))
  return true
}

/** A grant has one of each, so its id and the kind make the event's id. */
function eventOf({ event, grant, root, ...said }: Told, at: number): GatewayEvent {
  const id = `${grant}-${event}`
  return { type: event, id, at, subject: `grant/${grant}`, data: { grant, principal: root, ...said } }
}
