import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { childEnvironment } from '../../support/child-environment.ts'
import { rig } from '../../support/rig.ts'

const local = rig()
const run = promisify(execFile)
const clientId = randomUUID()
const workload = local.issuer('proxied')
const asked: string[] = []

/** An explicit proxy: CONNECT by name, tunnelled to the run's servers. */
const proxy = createServer()
proxy.on('connect', (request, socket, head) => {
  asked.push(request.url ?? '')
  const { identity, clouds } = local.addresses
  const { hostname, port } = new URL(/googleapis/.test(request.url ?? '') ? clouds : identity)
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

const PROVIDER = 'projects/1/locations/global/workloadIdentityPools/pool-one/providers/gateway'

/** What each way out of the gateway got through the proxy; without the second setting only SDKs would use it. */
async function through(env: Record<string, string>): Promise<Record<string, unknown>> {
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
  const { stdout } = await run(process.execPath, [script, local.tenant, clientId, assertion, PROVIDER], {
    env: childEnvironment({ HTTPS_PROXY, NODE_USE_ENV_PROXY: '1', ...env }),
  })
  return JSON.parse(stdout)
}

describe('a debugging proxy with a CA of its own (docs/identity.md)', () => {
  it('two settings and the CA suffice: SDKs, keys of issuers, forms and Google go through it, certificates checked', async () => {
    asked.length = 0
    expect(await through({ NODE_EXTRA_CA_CERTS: local.addresses.ca })).toEqual({
      sdk: 'ok',
      fetchJson: 'ok',
      // Answered, and refused for what they ask.
      postForm: { name: 'UpstreamFailure', answer: { kind: 'status', status: 400, error: 'invalid_request' } },
      google: { name: 'UpstreamFailure', answer: expect.objectContaining({ status: 400 }) },
    })
    expect(new Set(asked)).toEqual(new Set(['login.microsoftonline.com:443', 'sts.googleapis.com:443']))
  })

  it('without the CA nothing is sent: a proxy cannot read along unless its CA is named', async () => {
    const authority = local.identityControl.of(clientId)
    await authority.clear()
    const told = await through({})
    expect(told).toMatchObject({
      sdk: { name: 'UpstreamFailure', answer: {} },
      fetchJson: { name: 'FetchFault', reason: 'unreachable' },
      postForm: { name: 'UpstreamFailure', answer: {} },
      google: { name: 'UpstreamFailure', answer: {} },
    })
    expect(JSON.stringify(told)).not.toContain('status')
    expect(await authority.counts()).toEqual({})
  })
})
