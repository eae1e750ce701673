import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TableClient } from '@azure/data-tables'
import { afterAll, expect, it, vi } from 'vitest'
import { agentTo, ownState, startAlone, startOwn } from '../../../support/own-server.ts'
import { rig } from '../../../support/rig.ts'
import { agentPolicy, staticCredential } from '../../../support/sdk.ts'

vi.setConfig({ testTimeout: 90_000 })

const HOST = 'sallyportdev.table.core.windows.net'
const { stateDir: rigState, operatorToken } = rig()
const own = ownState(rigState)
afterAll(own.remove)

const written = join(own.stateDir, 'azurite', '__azurite_db_table__.json~')
const until = async (there: boolean) => {
  while (existsSync(written) !== there) await sleep(1)
}

const credential = staticCredential(await operatorToken('https://storage.azure.com'))

function tableOf({ ports }: { ports: Record<string, number> }): TableClient {
  const options = { additionalPolicies: [agentPolicy(agentTo(HOST, ports['table'], own.ca))] }
  return new TableClient(`https://${HOST}`, 'rows', credential, options)
}

it('SIGTERM in the middle of a save, with nobody left to read its output, loses nothing', async () => {
  const first = await startAlone('azurite', ['--state', own.stateDir])
  const table = tableOf(first)
  await table.createTable()
  // Enough that one save takes longer than it takes to see it.
  const columns = Object.fromEntries([...'abcdefghijkl'].map((name) => [name, 'x'.repeat(30_000)]))
  const rows = Array.from({ length: 80 }, (_, at) => ({ partitionKey: 'p', rowKey: `${at}`, ...columns }))
  await Promise.all(rows.map((row) => table.createEntity(row)))
  await until(false)
  await table.createEntity({ partitionKey: 'p', rowKey: 'last' })
  // Its own close does not wait for a save that runs already; and it writes to a broken pipe (EPIPE) while it closes.
  first.child.stdout?.destroy()
  first.child.stderr?.destroy()
  await until(true)
  expect(await first.end('SIGTERM')).toBe(0)

  const again = await startOwn('azurite', ['--state', own.stateDir])
  expect(await tableOf(again).getEntity('p', 'last')).toMatchObject({ rowKey: 'last' })
  await again.stop()
})
