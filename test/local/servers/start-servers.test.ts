import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SecretClient } from '@azure/keyvault-secrets'
import { afterAll, expect, it, vi } from 'vitest'
import { startServers } from '../../../local/servers/start-servers.ts'
import { localAgent } from '../../../shared/azure/local-route.ts'
import { loadConfig } from '../../../shared/config.ts'
import { isAlive } from '../../support/own-server.ts'
import { agentPolicy, staticCredential } from '../../support/sdk.ts'

// Whole processes start and end here; a busy machine needs its time.
vi.setConfig({ testTimeout: 90_000 })

const stateDir = mkdtempSync(join(tmpdir(), 'sallyport-start-'))
afterAll(() => rmSync(stateDir, { recursive: true, force: true }))

const listen = (port: number) =>
  new Promise<Server>((resolve) => {
    const server = createServer()
    server.listen(port, '127.0.0.1', () => resolve(server))
  })

const portOf = (server: Server) => {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

it('gives the gateway an environment that its configuration takes, on wanted ports or free ones, and stops frozen servers', async () => {
  const [free, taken] = [await listen(0), await listen(0)]
  const [wanted, blocked] = [portOf(free), portOf(taken)]
  await new Promise((resolve) => free.close(resolve))
  const lines: string[] = []
  const servers = await startServers({
    stateDir,
    memory: true,
    ports: { vaultMain: wanted, table: blocked, identity: blocked },
    log: (line) => void lines.push(line),
  })
  try {
    expect(servers.vaults.main).toBe(`https://127.0.0.1:${wanted}`)
    expect([servers.table, servers.identity]).not.toContain(`https://127.0.0.1:${blocked}`)
    expect(lines).toHaveLength(5)

    const environment = servers.environment({ account: 'sallyportdev', issuer: 'http://127.0.0.1:7071' })
    const config = loadConfig(environment)
    expect(config).toMatchObject({
      mode: 'local',
      issuer: 'http://127.0.0.1:7071',
      tableEndpoint: 'https://sallyportdev.table.core.windows.net',
      gatewayVault: 'https://sallyport-gateway.vault.azure.net',
    })
    expect(config.vaults.get('main')).toBe('https://sallyport-main.vault.azure.net')
    const url = `${environment['IDENTITY_ENDPOINT']}?api-version=2019-08-01&resource=https://vault.azure.net`
    const answer = await fetch(url, { headers: { 'x-identity-header': environment['IDENTITY_HEADER'] ?? '' } })
    const { access_token } = (await answer.json()) as { access_token: string }
    if (!config.local) throw new Error('not local')
    const client = new SecretClient(config.gatewayVault, staticCredential(access_token), {
      additionalPolicies: [agentPolicy(localAgent(config.local))],
    })
    expect((await client.setSecret('journal-master', 'x')).name).toBe('journal-master')
    process.kill(servers.processes['identity'] ?? 0, 'SIGKILL')
    const gone = `identity (process ${servers.processes['identity']}) ended by itself (SIGKILL)`
    await vi.waitFor(() => expect(lines).toContain(gone))
    process.kill(servers.processes['vault-main'] ?? 0, 'SIGSTOP')
    process.kill(servers.processes['azurite'] ?? 0, 'SIGSTOP')
  } finally {
    await servers.stop()
    taken.close()
  }
  expect(Object.values(servers.processes).filter(isAlive)).toEqual([])
  expect(lines.filter((line) => line.includes('ended by itself'))).toHaveLength(1)
})
