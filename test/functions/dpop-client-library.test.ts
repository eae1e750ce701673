import { calculateJwkThumbprint, decodeJwt, exportJWK } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { freePort } from '../../local/free-port.ts'
import { createAzure } from '../../shared/azure/azure.ts'
import { PROOF_ALGORITHMS } from '../../shared/identity/possession/proof-key.ts'
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
const client: oauth.Client = { client_id: 'billing-app' }

type KeyPair = Awaited<ReturnType<typeof oauth.generateKeyPair>>

let host: HostedGateway
let as: oauth.AuthorizationServer
let keys: KeyPair
let thumbprint: string

beforeAll(async () => {
  await local.createStorage()
  const documents = await loadDocuments('local/seed/policies')
  await applyPolicies({ table: createAzure(local.config()).table('policies'), documents, now: Date.now })
  const port = await freePort(0)
  const issuer = new URL(`http://127.0.0.1:${port}`)
  const settings = { SALLYPORT_ISSUER: issuer.origin, SALLYPORT_JOURNAL_DEADLINE_MS: '20000' }
  host = await hostGateway({ ...local.environment, ...settings }, port)
  await until(async () => (await fetch(new URL('/healthz', issuer))).ok)
  as = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { ...http, algorithm: 'oauth2' }),
  )
  keys = await oauth.generateKeyPair('ES256')
  thumbprint = await calculateJwkThumbprint(await exportJWK(keys.publicKey))
})
afterAll(() => host?.stop())

async function exchanged(options: oauth.DPoPRequestOptions) {
  const parameters = {
    subject_token: await local.callerToken('billing-app'),
    subject_token_type: `${TOKEN_TYPE}:access_token`,
    audience: 'ledger-api',
  }
  const settings = { ...http, ...options }
  const sent = await oauth.genericTokenEndpointRequest(as, client, oauth.None(), TOKEN_EXCHANGE, parameters, settings)
  return oauth.processGenericTokenEndpointResponse(as, client, sent)
}

describe('an unmodified DPoP client on the gateway (RFC 9449)', () => {
  it('reads in the metadata which algorithms its proofs may have', () => {
    expect(as['dpop_signing_alg_values_supported']).toEqual([...PROOF_ALGORITHMS])
  })

  it('gets a token that is bound to its key', async () => {
    const issued = await exchanged({ DPoP: oauth.DPoP(client, keys) })
    expect(issued.token_type).toBe('dpop')
    expect(decodeJwt(issued.access_token)['cnf']).toEqual({ jkt: thumbprint })
  })

  it('without one it gets a bearer token', async () => {
    const issued = await exchanged({})
    expect(issued.token_type).toBe('bearer')
    expect(decodeJwt(issued.access_token)['cnf']).toBeUndefined()
  })

  it('calls with a token that its issuer bound to its key; a thief of the token does not', async () => {
    const token = await local.mint({ ...decodeJwt(await local.callerToken('billing-app')), cnf: { jkt: thumbprint } })
    const whoami = new URL('/v1/whoami?', as.issuer)
    const call = (pair: KeyPair) =>
      oauth.protectedResourceRequest(token, 'GET', whoami, undefined, null, {
        ...http,
        DPoP: oauth.DPoP(client, pair),
      })
    expect((await call(keys)).status).toBe(200)
    expect((await call(keys)).status).toBe(200)
    await expect(call(await oauth.generateKeyPair('ES256'))).rejects.toMatchObject({
      cause: [{ scheme: 'bearer', parameters: { error: 'invalid_token' } }, { scheme: 'dpop' }],
    })
  })
})
