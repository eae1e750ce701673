import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { childEnvironment } from '../../support/child-environment.ts'
import { rig } from '../../support/rig.ts'

const local = rig()
const run = promisify(execFile)

type Asked = { method: string; path: string; query: Record<string, string>; headers: IncomingMessage['headers'] }
const asked: Asked[] = []

/** Answers like every host: a token for a resource, counted. */
function answer(request: IncomingMessage, response: ServerResponse) {
  const url = new URL(request.url ?? '', 'http://host')
  let body = ''
  request.on('data', (chunk) => {
    body += String(chunk)
  })
  request.on('end', () => {
    const query = Object.fromEntries([...url.searchParams, ...new URLSearchParams(body)])
    asked.push({ method: request.method ?? '', path: url.pathname, query, headers: request.headers })
    const expires_on = String(Math.floor(Date.now() / 1_000) + 86_399)
    const json = {
      access_token: `token-${asked.length}`,
      expires_on,
      resource: query['resource'],
      token_type: 'Bearer',
    }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(json))
  })
}

const pem = (name: string) => readFileSync(join(local.stateDir, 'tls', name))
const http = createHttp(answer)
const https = createHttps({ cert: pem('server.pem'), key: pem('server-key.pem') }, answer)
const at = (server: typeof http | typeof https) => `127.0.0.1:${(server.address() as AddressInfo).port}`

beforeAll(async () => {
  for (const server of [http, https]) await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
})
beforeEach(() => void asked.splice(0))
afterAll(() => {
  http.close()
  https.close()
})

async function onHost(env: Record<string, string>) {
  const script = join(import.meta.dirname, '../../support/identity-process.ts')
  const { stdout } = await run(process.execPath, [script], {
    env: childEnvironment({ NODE_EXTRA_CA_CERTS: local.addresses.ca, ...env }),
  })
  return JSON.parse(stdout) as { host: string; tokens: string[] }
}

const SHA256 = createHash('sha256').update('token-1').digest('hex')
const RESOURCE = { resource: 'https://vault.azure.net' }

describe('the hosts of managed identities, as a client (S8): by their variables, in their words', () => {
  it.each([
    [
      'App Service',
      () => ({ IDENTITY_ENDPOINT: `http://${at(http)}/msi/token`, IDENTITY_HEADER: 'proof' }),
      {
        method: 'GET',
        path: '/msi/token',
        query: { 'api-version': '2019-08-01' },
        headers: { 'x-identity-header': 'proof' },
      },
    ],
    [
      'Service Fabric',
      () => ({
        IDENTITY_ENDPOINT: `https://${at(https)}/metadata/identity/oauth2/token`,
        ...{ IDENTITY_HEADER: 'proof', IDENTITY_SERVER_THUMBPRINT: 'a1' },
      }),
      {
        path: '/metadata/identity/oauth2/token',
        query: { 'api-version': '2019-07-01-preview' },
        headers: { secret: 'proof' },
      },
    ],
    [
      'Azure Machine Learning',
      () => ({ MSI_ENDPOINT: `http://${at(http)}/ml`, MSI_SECRET: 'proof' }),
      { method: 'GET', path: '/ml', query: { 'api-version': '2017-09-01' }, headers: { secret: 'proof' } },
    ],
    [
      'Cloud Shell',
      () => ({ MSI_ENDPOINT: `http://${at(http)}/shell` }),
      { method: 'POST', path: '/shell', query: {}, headers: { metadata: 'true' } },
    ],
    [
      'IMDS',
      () => ({ AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://${at(http)}` }),
      { method: 'GET', query: { 'api-version': '2018-02-01' }, headers: { metadata: 'true' } },
    ],
  ] as const)('%s', async (name, env, request) => {
    const { host, tokens } = await onHost(env())
    expect(host).toBe(name)
    // The challenged token is served to nobody again, and the new one costs one request.
    expect(tokens).toEqual(['token-1', 'token-1', 'token-2', 'token-2'])
    expect(asked).toHaveLength(2)
    const { query, ...rest } = request
    for (const one of asked) expect(one).toMatchObject({ ...rest, query: { ...query, ...RESOURCE } })
  })

  it('Service Fabric is told which token was refused, by its SHA-256, and what we can do (S9)', async () => {
    await onHost({
      IDENTITY_ENDPOINT: `https://${at(https)}/metadata/identity/oauth2/token`,
      ...{ IDENTITY_HEADER: 'proof', IDENTITY_SERVER_THUMBPRINT: 'a1' },
    })
    expect(asked[0]?.query).not.toHaveProperty('token_sha256_to_refresh')
    expect(asked[1]?.query).toMatchObject({ token_sha256_to_refresh: SHA256, xms_cc: 'cp1' })
  })

  it('App Service is told what we can do', async () => {
    await onHost({ IDENTITY_ENDPOINT: `http://${at(http)}/msi/token`, IDENTITY_HEADER: 'proof' })
    expect(asked[1]?.query).toMatchObject({ xms_cc: 'cp1' })
  })
})
