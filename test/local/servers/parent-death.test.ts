import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { TableClient } from '@azure/data-tables'
import { afterAll, expect, it, vi } from 'vitest'
import { clientSecretsPath } from '../../../local/servers/identity/directory.ts'
import { requestToken } from '../../../local/servers/request-token.ts'
import { startServers } from '../../../local/servers/start-servers.ts'
import { agentTo, isAlive } from '../../support/own-server.ts'
import { agentPolicy, staticCredential } from '../../support/sdk.ts'
import { directory } from '../../support/tenant.ts'

// Whole processes start and end here; a busy machine needs its time.
vi.setConfig({ testTimeout: 90_000 })

const stateDir = mkdtempSync(join(tmpdir(), 'sallyport-parent-'))
afterAll(() => rmSync(stateDir, { recursive: true, force: true }))

type Running = { table: string; ca: string; identity: string; processes: Record<string, number> }

async function startParent(): Promise<{ parent: ChildProcess; running: Running }> {
  const parent = spawn(process.execPath, [join('test', 'local', 'servers', 'parent-process.ts'), stateDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: parent.stdout })) return { parent, running: JSON.parse(line) }
  throw new Error('the parent said nothing')
}

async function tableClient({ table, ca, identity }: Omit<Running, 'processes'>): Promise<TableClient> {
  const { apps } = JSON.parse(readFileSync(clientSecretsPath(stateDir), 'utf8'))
  const token = await requestToken({
    ...{ identity, ca, tenant: directory.tenant, resource: 'https://storage.azure.com', version: 1 },
    clientId: directory.app('operator').appId,
    clientSecret: apps.operator,
  })
  const host = 'sallyportdev.table.core.windows.net'
  return new TableClient(`https://${host}`, 'kept', staticCredential(token), {
    additionalPolicies: [agentPolicy(agentTo(host, Number(new URL(table).port), ca))],
  })
}

it('kill -9 of the parent: no process stays, nothing Azurite acknowledged is lost, the folder is free again', async () => {
  const { parent, running } = await startParent()
  const table = await tableClient(running)
  await table.createTable()
  await expect(startServers({ stateDir })).rejects.toThrow(`is in use by process ${parent.pid}`)

  let acknowledged = 0
  const writes = Array.from({ length: 40 }, async (_, at) => {
    await table.createEntity({ partitionKey: 'p', rowKey: String(at), value: at })
    acknowledged += 1
  })
  await Promise.all(writes)
  expect(acknowledged).toBe(40)
  parent.kill('SIGKILL')
  await once(parent, 'exit')

  // The next start begins while the servers of the last are still closing: it must wait for them.
  const again = await startServers({ stateDir })
  try {
    const rows = []
    for await (const row of (await tableClient(again)).listEntities()) rows.push(row.rowKey)
    expect(rows).toHaveLength(40)
    await vi.waitFor(() => expect(Object.values(running.processes).filter(isAlive)).toEqual([]), { timeout: 10_000 })
    expect(Object.keys(again.processes).toSorted()).toEqual([
      'azurite',
      'clouds',
      'identity',
      'vault-gateway',
      'vault-main',
    ])
  } finally {
    await again.stop()
  }
  expect(Object.values(again.processes).filter(isAlive)).toEqual([])
})

it('a server that cannot start: the error has its own words, the others are stopped, the folder is free', async () => {
  const journal = join(stateDir, 'key-vault', 'main', 'sallyport-main.jsonl')
  const good = readFileSync(journal, 'utf8')
  writeFileSync(journal, '{"op":\n{"op":"purge","name":"x"}\n')
  const pids: number[] = []
  const log = (line: string) =>
    void pids.push(...[...line.matchAll(/\(process (\d+)\)/g)].map(([, pid]) => Number(pid)))
  await expect(startServers({ stateDir, log })).rejects.toThrow(
    /vault-main ended before it was ready \(code 1\):\n.*line 1 is damaged/s,
  )
  expect(pids.length).toBeGreaterThan(0)
  expect(pids.filter(isAlive)).toEqual([])
  writeFileSync(journal, good)
})
