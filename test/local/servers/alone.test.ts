import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { httpsCall } from '../../support/https-call.ts'
import { agentTo, ownState, type Server, startAlone, startOwn } from '../../support/own-server.ts'
import { rig } from '../../support/rig.ts'

// Whole processes start and end here; a busy machine needs its time.
vi.setConfig({ testTimeout: 90_000 })

const { stateDir: rigState, addresses, tenant } = rig()
const own = ownState(rigState)
afterAll(own.remove)

const alone = (server: Server, args: readonly string[]) => startAlone(server, ['--state', own.stateDir, ...args])

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
