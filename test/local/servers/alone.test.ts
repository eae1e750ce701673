import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { TableClient } from '@azure/data-tables'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { httpsCall } from '../../support/https-call.ts'
import { agentTo, ownState, startOwn } from '../../support/own-server.ts'
import { rig } from '../../support/rig.ts'
import { agentPolicy, staticCredential } from '../../support/sdk.ts'

// Whole processes start and end here; a busy machine needs its time.
vi.setConfig({ testTimeout: 90_000 })

const { stateDir: rigState, addresses, operatorToken, tenant } = rig()
const own = ownState(rigState)
afterAll(own.remove)

/** As a person runs it: no IPC, facts on stdout, ended by a signal. */
async function alone(server: string, args: readonly string[]) {
  const child = spawn(
    process.execPath,
    [join('local', 'servers', server, 'main.ts'), '--state', own.stateDir, ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, SALLYPORT_ALLOW_STUBS: '1' },
    },
  )
  const end = async (signal: NodeJS.Signals) => {
    const ended = once(child, 'exit')
    child.kill(signal)
    return (await ended)[0] as number | null
  }
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('{')) return { child, ports: JSON.parse(line).ports as Record<string, number>, end }
  }
  throw new Error(`${server} said nothing`)
}

describe('each server runs alone, on a free port when its own is taken, and ends in order', () => {
  it('identity, at SIGTERM', async () => {
    const blocker = createServer().listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    const taken = (blocker.address() as AddressInfo).port
    const { ports, end } = await alone('identity', ['--port', String(taken)])
    expect(ports['https']).not.toBe(taken)
    const agent = agentTo('login.microsoftonline.com', ports['https'], own.ca)
    const url = `https://login.microsoftonline.com/${tenant}/v2.0/.well-known/openid-configuration`
    expect((await httpsCall(url, { agent })).status).toBe(200)
    expect(await end('SIGTERM')).toBe(0)
    blocker.close()
  })

  it('key vault, at SIGINT', async () => {
    const { ports, end } = await alone('key-vault', ['--vault', 'gateway', '--identity', addresses.identity])
    const agent = agentTo('sallyport-gateway.vault.azure.net', ports['https'], own.ca)
    expect((await httpsCall('https://sallyport-gateway.vault.azure.net/secrets', { agent })).status).toBe(401)
    expect(await end('SIGINT')).toBe(0)
  })

  it('a second process on the folder waits and then says who holds it; here the first ends meanwhile', async () => {
    const first = await alone('key-vault', ['--identity', addresses.identity])
    const second = startOwn('key-vault', ['--state', own.stateDir, '--identity', addresses.identity])
    expect(await first.end('SIGINT')).toBe(0)
    await (await second).stop()
  })
})

it('Azurite saves what it acknowledged at SIGTERM, also when nobody reads its output any more (EPIPE)', async () => {
  const host = 'sallyportdev.table.core.windows.net'
  const credential = staticCredential(await operatorToken('https://storage.azure.com'))
  const client = (port: number | undefined) =>
    new TableClient(`https://${host}`, 'kept', credential, {
      additionalPolicies: [agentPolicy(agentTo(host, port, own.ca))],
    })
  const first = await alone('azurite', [])
  await client(first.ports['table']).createTable()
  await client(first.ports['table']).createEntity({ partitionKey: 'p', rowKey: 'r', value: 'kept' })
  first.child.stdout.destroy()
  first.child.stderr.destroy()
  expect(await first.end('SIGTERM')).toBe(0)

  const second = await startOwn('azurite', ['--state', own.stateDir])
  expect(await client(second.ports['table']).getEntity('p', 'r')).toMatchObject({ value: 'kept' })
  await second.stop()
})
