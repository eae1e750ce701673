import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import type { Entry, Journal } from '../../shared/audit/entry.ts'
import type { Table } from '../../shared/azure/table.ts'
import { GatewayError } from '../../shared/errors.ts'
import { createGate } from '../../shared/gate.ts'
import type { Gateway } from '../../shared/gateway.ts'
import type { Endpoint, GatewayResponse } from '../../shared/http/endpoint.ts'
import { handle } from '../../shared/http/handle.ts'
import { createAuthenticator } from '../../shared/identity/authenticate.ts'
import { createProofs } from '../../shared/identity/possession/proofs.ts'
import { decide } from '../../shared/policy/decide.ts'
import type { Question } from '../../shared/policy/decision.ts'
import { parsePolicySet } from '../../shared/policy/documents/policy-set.ts'
import { createSnapshotBuilder, rolesFirst } from '../../shared/policy/snapshot.ts'
import type { Vault } from '../../shared/secrets/vault.ts'
import { createBroker } from '../../shared/tokens/broker/broker.ts'
import { SIGNING_ALGORITHMS } from '../../shared/tokens/keys/key-names.ts'
import type { KeyRing } from '../../shared/tokens/keys/key-ring.ts'
import { createSigner } from '../../shared/tokens/keys/signer.ts'
import { generateSigningSecret, importSigningKey } from '../../shared/tokens/keys/signing-key.ts'
import { createKinds } from '../../shared/tokens/kinds/kinds.ts'
import { createOnce } from '../../shared/tokens/once.ts'
import { createOwnTokens } from '../../shared/tokens/own-token.ts'
import { createTokens } from '../../shared/tokens/tokens.ts'
import { gatewayRequest } from './gateway-request.ts'
import { memoryLimits } from './limits.ts'
import { createMemoryTable } from './memory-table.ts'
import { described } from './openapi/described.ts'

export const GATEWAY = 'https://gateway.test'
export const ISSUER = 'https://issuer.test'
export const AUDIENCE = 'api://sallyport'
export const NOW = Date.UTC(2026, 10, 25)

/** Who may what: alice and bob both targets, reader the read one, wanderer what has no target. */
const DOCUMENTS = [
  { kind: 'issuer', name: 'test', issuer: ISSUER, audiences: [AUDIENCE], algorithms: ['ES256'], principal: 'oidc' },
  { kind: 'role', name: 'issue', actions: ['token:issue', 'token:issueWrite'] },
  { kind: 'role', name: 'issue-read', actions: ['token:issue'] },
  target('ledger-api', 'write', { scopes: ['read', 'post'] }, ['https://ledger.test/', 'urn:ledger']),
  target('reports', 'read', { scopes: [], algorithm: 'RS256', maxTtlSeconds: 600 }),
  { kind: 'role', name: 'introspect', actions: ['token:introspect'] },
  { kind: 'role', name: 'end', actions: ['token:introspect', 'token:revoke'] },
  target('orders', 'read', { scopes: ['see'], exchangeableFor: ['reports'] }),
  permit('ledger', ['ledger'], ['introspect'], ['token/ledger-api']),
  permit('orders', ['orders'], ['introspect', 'issue-read'], ['token/orders', 'token/reports', 'token/other']),
  permit('officers', ['officer'], ['end'], ['token/**']),
  permit('issuers', ['alice', 'bob'], ['issue'], ['token/**'], { maxTtl: '30m' }),
  permit('readers', ['reader'], ['issue-read'], ['token/**']),
  permit('binders', ['binder'], ['issue'], ['token/**'], { requireDpop: true }),
  permit('reasoned', ['careful'], ['issue'], ['token/ledger-api'], { requireReason: true, maxTtl: '5m' }),
]

function target(name: string, access: string, token: object, resources: string[] = []) {
  return { kind: 'target', name, access, resources, token: { kind: 'jwt', audience: `api://${name}`, ...token } }
}

function permit(id: string, subjects: string[], roles: string[], resources: string[], obligations?: object) {
  const principals = subjects.map((subject) => ({ oidc: { issuer: 'test', subject } }))
  return { kind: 'statement', id, effect: 'permit', principals, roles, resources, ...(obligations && { obligations }) }
}

export type Calls = { refreshes: number; records: number; signatures: number }

/**
 * The token side of a gateway out of its real parts: strict JWT gate, policy engine, door, signer. The issuer's answers,
 * the journal and the vault are in memory; the rig's tests drive the same with servers.
 */
export async function tokenGateway({ onceTable = createMemoryTable() }: { onceTable?: Table } = {}) {
  const clock = { now: NOW }
  const now = () => clock.now
  const calls: Calls = { refreshes: 0, records: 0, signatures: 0 }
  const entries: Entry[] = []
  const logged: unknown[] = []
  const snapshot = compile()
  const policy = {
    current: () => snapshot,
    refresh: async () => {
      calls.refreshes++
    },
  }
  const issuer = await createIssuer(clock)
  const keys = await memoryKeyRing(calls)
  const once = createOnce(onceTable)
  const ask = (question: Question) => decide(question, snapshot, now())
  const limits = memoryLimits(now)
  const gate = createGate({
    decide: ask,
    refreshPolicy: policy.refresh,
    journal: memoryJournal(entries, calls),
    limits,
    now,
  })
  const authenticator = createAuthenticator({
    issuerOf: snapshot.issuerOf,
    fetchJson: issuer.fetchJson,
    now,
    refused: () => {},
    assertionAudience: GATEWAY,
  })
  const parts = {
    config: { issuer: GATEWAY, frontDoor: GATEWAY, trustedHops: 1 },
    now,
    authenticate: authenticator.authenticate,
    authenticateAssertion: authenticator.authenticateAssertion,
    once,
    proofs: createProofs({ claim: once.claim, frontDoor: GATEWAY, now }),
    admit: gate.admit,
    limitFields: limits.fieldsOf,
    withinRate: <T>(principal: T) => principal,
    tokens: createTokens({
      keys,
      kinds: createKinds({
        keys,
        issuer: GATEWAY,
        storage: noStorage,
        acr: { broker: createBroker({ now }), registry: noAzure, suffix: 'azurecr.io', now },
        webPubSub: { generate: noAzure.generate, suffix: 'webpubsub.azure.com', now },
        google: { broker: createBroker({ now }), google: noGoogle, now },
        aws: { broker: createBroker({ now }), assumeRole: noGoogle.accessToken, now },
        entra: noEntra(now),
        entraFromGoogle: { ...noEntra(now), idTokens: notHere, passedIdToken: notHere },
      }),
      own: createOwnTokens({ issuer: GATEWAY, keys, once, now }),
      issuer: GATEWAY,
      exchangeAudience: 'api://AzureADTokenExchange',
      decide: ask,
      now,
      policy,
    }),
    log: (line: unknown) => logged.push(line),
  }
  const gateway = parts as unknown as Gateway
  let count = 0
  return {
    clock,
    calls,
    entries,
    logged,
    tokenOf: issuer.tokenOf,
    fetched: issuer.fetched,
    keys,
    gateway,
    call: async (endpoint: Endpoint, parts: Parameters<typeof gatewayRequest>[0]) => {
      const request = gatewayRequest({ txn: `txn-${++count}`, ...parts })
      return described(endpoint, request.method, await handle(endpoint, request, gateway))
    },
    /** Verifies like a resource server that knows nothing but our JWKS and its own audience. */
    verify: async (token: string, audience: string) =>
      jwtVerify(token, createLocalJWKSet(await keys.jwks()), {
        issuer: GATEWAY,
        audience,
        typ: 'at+jwt',
        currentDate: new Date(clock.now),
      }),
  }
}

export type TokenGateway = Awaited<ReturnType<typeof tokenGateway>>

export const bodyOf = (answer: GatewayResponse) => answer.json as Record<string, unknown>

function compile() {
  const parsed = parsePolicySet(DOCUMENTS, { forbiddenIssuer: GATEWAY })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  const builder = createSnapshotBuilder()
  for (const { document } of rolesFirst(parsed.documents)) builder.add(document)
  return builder.build({ revision: 1, loadedAt: NOW })
}

function memoryJournal(entries: Entry[], calls: Calls): Journal {
  return {
    record: async (entry) => {
      calls.records++
      entries.push(entry)
      return { wid: 'w', seq: entries.length, macPrefix: 'm' }
    },
    follow: (entry) => entries.push(entry),
    close: async () => {},
  }
}

/** Made once a process: an RSA key for each test would take longer than all tests. */
const signingKeys = Promise.all(
  SIGNING_ALGORITHMS.map(async (alg) => {
    const key = await importSigningKey(alg, await generateSigningSecret(alg))
    if (!key) throw new Error('no key')
    return { ...key, signer: await createSigner(key) }
  }),
)

async function memoryKeyRing(calls: Calls): Promise<KeyRing> {
  const keys = await signingKeys
  const unavailable = async () => {
    throw new GatewayError('keys_unavailable', 'not_in_this_test')
  }
  return {
    ready: async () => {},
    signer: async (alg) => {
      const found = keys.find((key) => key.alg === alg)
      if (!found) throw new GatewayError('keys_unavailable', 'no_active_key')
      const { signer } = found
      return {
        ...signer,
        sign: (claims, typ) => {
          calls.signatures++
          return signer.sign(claims, typ)
        },
      }
    },
    jwks: async () => ({ keys: keys.map(({ publicJwk }) => publicJwk) }),
    journalMaster: unavailable,
    valueHmac: unavailable,
    status: () => ({ state: 'ok' }),
  }
}

async function createIssuer(clock: { now: number }) {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'issuer-1', alg: 'ES256', use: 'sig' }
  const fetched: string[] = []
  return {
    fetched,
    fetchJson: async (url: string): Promise<unknown> => {
      fetched.push(url)
      return url.endsWith('openid-configuration') ? { issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` } : { keys: [jwk] }
    },
    tokenOf: (sub: string, claims: JWTPayload = {}, header: { typ?: string } = { typ: 'JWT' }) => {
      const iat = Math.floor(clock.now / 1_000)
      const payload = { iss: ISSUER, aud: AUDIENCE, sub, iat, exp: iat + 3_600, ...claims }
      return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'issuer-1', ...header }).sign(privateKey)
    },
  }
}

const notHere = () => Promise.reject(new GatewayError('upstream_unavailable', 'not_in_this_test'))
const noAzure = { refreshToken: () => notHere, accessToken: () => notHere, generate: notHere }

/** The rig's tests sign SAS with keys of Azurite. */
const noStorage = {
  sign: notHere,
  suffixes: { blob: 'blob.core.windows.net', queue: 'queue.core.windows.net', table: 'table.core.windows.net' },
  ownAccounts: ['sallyport'],
}

/** The rig's tests ask the local clouds. */
const noGoogle = { accessToken: () => Promise.reject(new GatewayError('upstream_unavailable', 'not_in_this_test')) }

const noEntra = (now: () => number) => {
  const none = () => () => Promise.reject(new GatewayError('upstream_unavailable', 'not_in_this_test'))
  const entra = { byAssertion: none, byPassword: none, own: none }
  const vault = { get: none() } as unknown as Vault
  return {
    broker: createBroker({ now }),
    entra,
    federationToken: none(),
    exchangeAudience: '',
    vault,
    once: { claim: none(), has: none() },
    report: () => {},
    now,
  }
}

export const idOf = (subject: string) => `oidc:test:${Buffer.from(subject).toString('base64url')}`
