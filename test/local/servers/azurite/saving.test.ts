import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TableClient } from '@azure/data-tables'
import { afterAll, expect, it, vi } from 'vitest'
import { agentTo, ownState, startOwn } from '../../../support/own-server.ts'
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

it('an end in the middle of a save loses nothing: its own close does not wait for a save that runs already', async () => {
  const credential = staticCredential(await operatorToken('https://storage.azure.com'))
  const start = async () => {
    const server = await startOwn('azurite', ['--state', own.stateDir])
    const options = { additionalPolicies: [agentPolicy(agentTo(HOST, server.ports['table'], own.ca))] }
    return { server, table: new TableClient(`https://${HOST}`, 'rows', credential, options) }
  }
  const { server, table } = await start()
  await table.createTable()
  // Enough that one save takes longer than it takes to see it.
  const columns = Object.fromEntries([...'abcdefghijkl'].map((name) => [name, 'x'.repeat(30_000)]))
  await Promise.all(
    Array.from({ length: 80 }, (_, at) => table.createEntity({ partitionKey: 'p', rowKey: `${at}`, ...columns })),
  )
  await until(false)
  await table.createEntity({ partitionKey: 'p', rowKey: 'last' })
  await until(true)
  process.kill(server.pid, 'SIGTERM')
  await server.stop()

  const again = await start()
  expect(await again.table.getEntity('p', 'last')).toMatchObject({ rowKey: 'last' })
  await again.server.stop()
})
