import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rig } from '../../support/rig.ts'

const local = rig()
const run = promisify(execFile)
const clientId = randomUUID()
const workload = local.issuer('proxied')
const asked: string[] = []

/** An explicit proxy: CONNECT by name, tunnelled to the run's authority, whatever the name. */
const proxy = createServer()
proxy.on('connect', (request, socket, head) => {
  asked.push(request.url ?? '')
  const { hostname, port } = new URL(local.addresses.identity)
  const upstream = connect(Number(port), hostname, () => {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    upstream.write(head)
    upstream.pipe(socket).pipe(upstream)
  })
  upstream.on('error', () => socket.destroy())
  socket.on('error', () => upstream.destroy())
})

beforeAll(async () => {
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening))
  const trust = { name: 'ci', issuer: workload.issuer, subject: 'scope:arm', audiences: ['api://AzureADTokenExchange'] }
  const app = { name: 'proxied', appId: clientId, objectId: randomUUID(), federatedCredentials: [trust] }
  await local.identityControl.register(app, randomUUID())
})
afterAll(() => void proxy.close())

async function tokenThrough(env: Record<string, string>): Promise<string> {
  const exp = Math.floor(Date.now() / 1_000) + 300
  const assertion = await workload.mint({
    iss: workload.issuer,
    sub: 'scope:arm',
    aud: 'api://AzureADTokenExchange',
    exp,
  })
  const address = proxy.address()
  const HTTPS_PROXY = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  const script = join(import.meta.dirname, '../../support/proxied-process.ts')
  const { stdout } = await run(process.execPath, [script, local.tenant, clientId, assertion], {
    env: { HTTPS_PROXY, ...env },
  })
  return stdout
}

describe('a debugging proxy with a CA of its own (docs/identity.md)', () => {
  it('HTTPS_PROXY and NODE_EXTRA_CA_CERTS suffice: the token comes through the proxy, certificates checked', async () => {
    asked.length = 0
    expect(await tokenThrough({ NODE_EXTRA_CA_CERTS: local.addresses.ca })).toBe('ok')
    expect(new Set(asked)).toEqual(new Set(['login.microsoftonline.com:443']))
  })

  it('without the CA nothing is sent: a proxy cannot read along unless its CA is named', async () => {
    const before = (await local.identityControl.of(clientId).counts())['token'] ?? 0
    expect(JSON.parse(await tokenThrough({}))).toMatchObject({ name: 'UpstreamFailure', answer: {} })
    expect((await local.identityControl.of(clientId).counts())['token'] ?? 0).toBe(before)
  })
})
