import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificates } from '../../../local/servers/certificates.ts'
import { createAzure } from '../../../shared/azure/azure.ts'
import { Secret } from '../../../shared/secrets/secret.ts'
import { rig } from '../../support/rig.ts'

const local = rig()
const HOST = 'recorder.vault.azure.net'
const CANARY = 'canary-7f3b21'

type Seen = { method: string; url: string; authorized: boolean; body: string }

/** A vault that keeps what it is sent and answers a write with its metadata. */
async function startRecorder(seen: Seen[]): Promise<Server> {
  const { cert, key } = await ensureCertificates(local.stateDir, () => Date.now())
  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    const { method = '', url = '', headers } = request
    seen.push({ method, url, authorized: headers.authorization !== undefined, body })
    const challenge = `Bearer authorization="https://login.microsoftonline.com/${local.tenant}", resource="https://vault.azure.net"`
    const json = { 'content-type': 'application/json' }
    await new Promise((resolve) => setImmediate(resolve))
    if (!headers.authorization) response.writeHead(401, { ...json, 'www-authenticate': challenge }).end('{}')
    else if (method === 'GET') response.writeHead(404, json).end('{"error":{"code":"SecretNotFound","message":"none"}}')
    else {
      const name = new URL(url, `https://${HOST}`).pathname.split('/')[2]
      const id = `https://${HOST}/secrets/${name}/${'0'.repeat(32)}`
      response.writeHead(200, json).end(JSON.stringify({ id, value: '', attributes: { enabled: true } }))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

describe('a cold client (secrets-and-rotation.md: prime before writing)', () => {
  const seen: Seen[] = []
  let server: Server
  beforeAll(async () => {
    server = await startRecorder(seen)
  })
  afterAll(() => server.close())

  it('sends no value before the vault has answered an authenticated request, however many writes begin at once', async () => {
    const hosts = `${local.environment['SALLYPORT_LOCAL_HOSTS']},${HOST}=127.0.0.1:${(server.address() as AddressInfo).port}`
    const azure = createAzure(local.config({ SALLYPORT_LOCAL_HOSTS: hosts }))
    const vault = azure.vault(`https://${HOST}`, 'main')
    await Promise.all([1, 2, 3, 4, 5].map((n) => vault.set(`s-${n}`, { value: new Secret(CANARY) })))
    const unauthorized = seen.filter(({ authorized }) => !authorized)
    expect(unauthorized.length).toBeGreaterThan(0)
    expect(unauthorized.every(({ method, body }) => method === 'GET' && body === '')).toBe(true)
    expect(seen.filter(({ body }) => body.includes(CANARY))).toHaveLength(5)
  })
})

describe('a vault that is not there', () => {
  it('unreachable: nothing listens, a host that is not configured, a frozen server within the deadline', async () => {
    const hosts = `${local.environment['SALLYPORT_LOCAL_HOSTS']},dead.vault.azure.net=127.0.0.1:9`
    const azure = createAzure(local.config({ SALLYPORT_LOCAL_HOSTS: hosts }))
    const unreachable = expect.objectContaining({ code: 'vault_unavailable', reason: 'vault_unreachable' })
    await expect(azure.vault('https://dead.vault.azure.net').get('s')).rejects.toEqual(unreachable)
    await expect(azure.vault('https://unknown.vault.azure.net').get('s')).rejects.toEqual(unreachable)
    const main = `https://${local.account}-main.vault.azure.net`
    await local.vaultControl('main').fault({ kind: 'hang', times: 9 })
    await expect(azure.vault(main).get('s')).rejects.toEqual(unreachable)
    await local.vaultControl('main').clear()
  })

  it('follows no nextLink to another host', async () => {
    const azure = createAzure(local.config())
    const control = local.vaultControl('main')
    const body = JSON.stringify({ value: [], nextLink: `https://${local.account}-gateway.vault.azure.net/secrets?x=1` })
    await control.fault({ kind: 'garbage', operation: 'listSecrets', body })
    const listing = async () => {
      for await (const _ of azure.vault(`https://${local.account}-main.vault.azure.net`).list());
    }
    await expect(listing()).rejects.toEqual(expect.objectContaining({ reason: 'vault_garbled' }))
    expect(await local.vaultControl('gateway').counts()).toEqual({})
  })
})
