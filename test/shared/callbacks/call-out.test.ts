import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readAllowedHosts } from '../../../shared/callbacks/allowed-hosts.ts'
import { createCallOut, type Resolved } from '../../../shared/callbacks/call-out.ts'
import { rig } from '../../support/rig.ts'

const tls = (name: string) => readFileSync(join(rig().stateDir, 'tls', name))
let server: Server
let origin: string
let hits = 0

beforeAll(async () => {
  server = createServer({ cert: tls('server.pem'), key: tls('server-key.pem') }, (request, response) => {
    hits += 1
    if (request.url === '/redirect') response.writeHead(302, { location: '/ok' }).end()
    else if (request.url === '/large') response.end('x'.repeat(70_000))
    else if (request.url === '/reset') request.socket.destroy()
    else if (request.url === '/slow') response.write('a')
    else response.end('fine')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const caller = (resolve?: (host: string) => Promise<readonly Resolved[]>) =>
  createCallOut({
    allowed: readAllowedHosts(`hooks.example.com,${new URL(origin).host}`, { stubs: true }),
    localCa: tls('ca.pem').toString(),
    ...(resolve && { resolve }),
  })
const get = (url: string, resolve?: Parameters<typeof caller>[0], timeoutMs = 5_000) =>
  caller(resolve)(url, { method: 'GET', timeoutMs })

describe('callOut (T44)', () => {
  it('200: a server of this machine that the list names, by https with the local CA', async () => {
    expect(await get(`${origin}/ok`)).toMatchObject({ status: 200, body: 'fine' })
  })

  it.each([
    ['/redirect', 'callback_redirected'],
    ['/large', 'callback_answer_too_large'],
    ['/reset', 'callback_unreachable'],
  ])('%s → %s', async (path, reason) => {
    await expect(get(`${origin}${path}`)).rejects.toMatchObject({ reason })
  })

  it('an answer that never ends, and a resolver that never answers, end in time', async () => {
    await expect(get(`${origin}/slow`, undefined, 300)).rejects.toMatchObject({ reason: 'callback_timeout' })
    const silent = () => new Promise<never>(() => undefined)
    await expect(get('https://hooks.example.com/', silent, 50)).rejects.toMatchObject({ reason: 'callback_timeout' })
  })

  it.each([['127.0.0.1'], ['10.0.0.4'], ['169.254.169.254'], ['8.8.8.8', '192.168.0.1'], ['::ffff:127.0.0.1']])(
    'a name that leads to %s %s is not called',
    async (...addresses) => {
      const resolve = async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
      const before = hits
      await expect(get('https://hooks.example.com/', resolve)).rejects.toMatchObject({
        reason: 'callback_private_address',
      })
      expect(hits).toBe(before)
    },
  )

  it('a name that resolves to nothing is not called', async () => {
    const failing = () => Promise.reject(new Error('ENOTFOUND'))
    await expect(get('https://hooks.example.com/', failing)).rejects.toMatchObject({ reason: 'callback_unresolvable' })
  })

  it('a name that resolves otherwise the second time is resolved once, and what was checked is dialled (rebinding)', async () => {
    let asked = 0
    const answers = ['127.0.0.2', '127.0.0.1']
    const call = createCallOut({
      allowed: readAllowedHosts('hooks.example.com', { stubs: false }),
      resolve: async () => [{ address: answers[asked++] ?? '127.0.0.1', family: 4 }],
      isPublic: (address) => address === '127.0.0.2',
    })
    const before = hits
    // Nobody listens at 127.0.0.2:443.
    const called = call('https://hooks.example.com/', { method: 'GET', timeoutMs: 2_000 })
    await expect(called).rejects.toMatchObject({ reason: 'callback_unreachable' })
    expect({ asked, hits }).toEqual({ asked: 1, hits: before })
  })
})
