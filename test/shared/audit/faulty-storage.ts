import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { createAzure } from '../../../shared/azure/azure.ts'
import type { Table } from '../../../shared/azure/table.ts'
import type { Config } from '../../../shared/config.ts'

export type FaultyStorage = {
  /** The `audit` table, reached through a line that the test can spoil. */
  table: Table
  /** The next request arrives; its answer is dropped and the connection reset. */
  loseNextAnswer(): void
  /** Requests arrive, answers do not. */
  silence(on: boolean): void
  /** Connections are refused. */
  down(on: boolean): void
  close(): Promise<void>
}

/** A TCP line between the production client and Azurite; TLS passes through it untouched. */
export async function faultyStorage(config: Config): Promise<FaultyStorage> {
  const host = new URL(config.tableEndpoint).hostname
  const [address = '', port = ''] = config.local?.hosts[host]?.split(':') ?? []
  const sockets = new Set<Socket>()
  let mode: 'pass' | 'silent' | 'down' | 'lose' = 'pass'
  const server = createServer((client) => {
    if (mode === 'down') {
      client.destroy()
      return
    }
    const storage = connect(Number(port), address)
    for (const socket of [client, storage]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        client.destroy()
        storage.destroy()
        sockets.delete(socket)
      })
    }
    client.on('data', (bytes) => storage.write(bytes))
    storage.on('data', (bytes) => {
      if (mode === 'pass') client.write(bytes)
      if (mode !== 'lose') return
      mode = 'pass'
      client.resetAndDestroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const through = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const local = config.local && { ...config.local, hosts: { ...config.local.hosts, [host]: through } }
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    table: createAzure({ ...config, ...(local && { local }) }).table('audit'),
    loseNextAnswer() {
      mode = 'lose'
    },
    silence(on) {
      mode = on ? 'silent' : 'pass'
      // What waits for an answer that was dropped would wait for ever.
      if (!on) cut()
    },
    down(on) {
      mode = on ? 'down' : 'pass'
      cut()
    },
    async close() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
