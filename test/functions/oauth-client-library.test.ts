import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { exportJWK, generateKeyPair } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { freePort } from '../../local/free-port.ts'
import { createAzure } from '../../shared/azure/azure.ts'
import { applyPolicies } from '../../shared/policy/apply.ts'
import { loadDocuments } from '../../shared/policy/load-documents.ts'
import { TOKEN_EXCHANGE } from '../../shared/tokens/exchange-request.ts'
import { TOKEN_TYPE } from '../support/exchange.ts'
import { type HostedGateway, hostGateway } from '../support/hosted-gateway.ts'
import { rig } from '../support/rig.ts'
import { until } from '../support/running.ts'

// A whole gateway starts here; a busy machine needs its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 90_000 })

const local = rig()
const http = { [oauth.allowInsecureRequests]: true }

/** A client that signs its own assertions: its id is its issuer, whose keys it publishes itself (iss = sub). */
const client: oauth.Client = { client_id: `https://oidc.sallyport.test/${local.account}-client` }
const keys = await generateKeyPair('ES256')
const jwks = createServer(
  {
    cert: readFileSync(join(local.stateDir, 'tls/server.pem')),
    key: readFileSync(join(local.stateDir, 'tls/server-key.pem')),
  },
  async (_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({ keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'own', alg: 'ES256', use: 'sig' }] }),
    )
  },
)

const trust = {
  kind: 'issuer',
  name: 'client',
  issuer: client.client_id,
  audiences: ['api://sallyport'],
  algorithms: ['ES256'],
  principal: 'oidc',
  jwksUri: `${client.client_id}/jwks`,
}
const permit = {
  kind: 'statement',
  id: 'client-writes-ledger',
  effect: 'permit',
  principals: [{ oidc: { issuer: 'client', subject: client.client_id } }],
  roles: ['token-writer'],
  resources: ['token/ledger-api'],
  owner: 'team-test',
}

let host: HostedGateway
let as: oauth.AuthorizationServer
const byKey = oauth.PrivateKeyJwt({ key: keys.privateKey, kid: 'own' })
const byBearer =
  (token: string): oauth.ClientAuth =>
  (_as, _client, _body, headers) =>
    headers.set('authorization', `Bearer ${token}`)

beforeAll(async () => {
  await new Promise<void>((done) => jwks.listen(0, '127.0.0.1', done))
  await local.createStorage()
  const documents = [...(await loadDocuments('local/seed/policies')), trust, permit]
  await applyPolicies({ table: createAzure(local.config()).table('policies'), documents, now: Date.now })
  const port = await freePort(0)
  const { SALLYPORT_LOCAL_HOSTS = '' } = local.environment
  const own = `oidc.sallyport.test=127.0.0.1:${(jwks.address() as AddressInfo).port}`
  const environment = {
    ...local.environment,
    SALLYPORT_ISSUER: `http://127.0.0.1:${port}`,
    SALLYPORT_LOCAL_HOSTS: SALLYPORT_LOCAL_HOSTS.replace(/oidc\.sallyport\.test=[^,]+/, own),
    SALLYPORT_JOURNAL_DEADLINE_MS: '20000',
  }
  host = await hostGateway(environment, port)
  const issuer = new URL(environment.SALLYPORT_ISSUER)
  await until(async () => (await fetch(new URL('/healthz', issuer))).ok)
  const found = await oauth.discoveryRequest(issuer, { ...http, algorithm: 'oauth2' })
  as = await oauth.processDiscoveryResponse(issuer, found)
})
afterAll(async () => {
  await host?.stop()
  jwks.close()
})

async function credentials() {
  const parameters = { audience: 'ledger-api', scope: 'ledger.read' }
  const answer = await oauth.clientCredentialsGrantRequest(as, client, byKey, parameters, http)
  return oauth.processClientCredentialsResponse(as, client, answer)
}

async function introspected(token: string, by: oauth.ClientAuth) {
  const answer = await oauth.introspectionRequest(as, client, by, token, http)
  return oauth.processIntrospectionResponse(as, client, answer)
}

describe('an unmodified oauth4webapi on the gateway', () => {
  it('discovers it, by both documents, and the protected resource', async () => {
    const issuer = new URL(as.issuer)
    const openid = await oauth.discoveryRequest(issuer, { ...http, algorithm: 'oidc' })
    expect(await oauth.processDiscoveryResponse(issuer, openid)).toEqual(as)
    const resource = await oauth.resourceDiscoveryRequest(issuer, http)
    expect(await oauth.processResourceDiscoveryResponse(issuer, resource)).toMatchObject({ resource: as.issuer })
  })

  it('gets a token with client credentials and private_key_jwt, introspects it, revokes it', async () => {
    const issued = await credentials()
    expect(issued).toMatchObject({ token_type: 'bearer', scope: 'ledger.read' })
    // As long as the target lets it live, though the assertion lived for a minute.
    expect(issued.expires_in).toBeGreaterThan(3_500)
    const token = issued.access_token
    expect(await introspected(token, byKey)).toMatchObject({
      active: true,
      aud: 'api://ledger',
      scope: 'ledger.read',
      iss: as.issuer,
    })
    const answer = await oauth.revocationRequest(as, client, byKey, token, http)
    expect(await oauth.processRevocationResponse(answer)).toBeUndefined()
    expect(await introspected(token, byKey)).toEqual({ active: false })
  })

  it('exchanges a caller’s token; the service it is for introspects it; a stranger is told nothing', async () => {
    const parameters = {
      subject_token: await local.callerToken('billing-app'),
      subject_token_type: `${TOKEN_TYPE}:access_token`,
      resource: 'https://ledger.contoso.example/',
    }
    const sent = await oauth.genericTokenEndpointRequest(as, client, byKey, TOKEN_EXCHANGE, parameters, http)
    const issued = await oauth.processGenericTokenEndpointResponse(as, client, sent)
    expect(issued['issued_token_type']).toBe(`${TOKEN_TYPE}:access_token`)
    const told = await introspected(issued.access_token, byBearer(await local.callerToken('ledger-api')))
    expect(told).toMatchObject({ active: true, act: { sub: expect.stringContaining('oidc:client:') } })
    const stranger = byBearer(await local.callerToken('stranger'))
    expect(await introspected(issued.access_token, stranger)).toEqual({ active: false })
  })

  it('is told errors in the words of the RFCs', async () => {
    const none = await oauth.clientCredentialsGrantRequest(as, client, byKey, { audience: 'no-such' }, http)
    await expect(oauth.processClientCredentialsResponse(as, client, none)).rejects.toMatchObject({
      error: 'invalid_target',
    })
    const foreign = await oauth.revocationRequest(as, client, byKey, await local.callerToken('billing-app'), http)
    await expect(oauth.processRevocationResponse(foreign)).rejects.toMatchObject({ error: 'unsupported_token_type' })
  })
})
