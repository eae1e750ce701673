import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { exportJWK, SignJWT } from 'jose'
import { createAzure } from '../../../../shared/azure/azure.ts'
import type { Principal } from '../../../../shared/identity/principal.ts'
import { TargetDocument } from '../../../../shared/policy/documents/target.ts'
import type { TargetKind, TargetOf } from '../../../../shared/policy/target.ts'
import { createBroker } from '../../../../shared/tokens/broker/broker.ts'
import { createFederationTokens } from '../../../../shared/tokens/federation-token.ts'
import type { TokenKind, TokenOrder } from '../../../../shared/tokens/kinds/kind.ts'
import { createOnce } from '../../../../shared/tokens/once.ts'
import type { TestRig } from '../../../support/rig.ts'
import { rsaPair } from '../../../support/rsa-pair.ts'

export const AUDIENCE = 'api://AzureADTokenExchange'
export const ARM = 'https://management.azure.com'

/** The gateway's own issuer as Entra sees it: discovery and JWKS on a socket, and one RS256 key that signs. */
async function ownIssuer() {
  const { privateKey, publicKey } = await rsaPair()
  const jwk = { ...(await exportJWK(publicKey)), kid: 'own-1', alg: 'RS256', use: 'sig' }
  const server = createServer((request, response) => {
    const document = request.url?.endsWith('openid-configuration')
      ? { issuer, jwks_uri: `${issuer}/jwks` }
      : { keys: [jwk] }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(document))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  server.unref()
  const address = server.address()
  const issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  const signer = async () => ({
    alg: 'RS256' as const,
    kid: 'own-1',
    sign: (claims: object, typ: string) =>
      new SignJWT({ ...claims }).setProtectedHeader({ alg: 'RS256', kid: 'own-1', typ }).sign(privateKey),
    signDetached: () => Promise.reject(new Error('these rigs sign tokens alone')),
  })
  return { issuer, signer, close: () => void server.close() }
}

/** Real Entra clients against the run's authority, a real broker, and the gateway's own issuer. */
export async function entraRig(rig: TestRig) {
  const own = await ownIssuer()
  let ahead = 0
  const now = () => Date.now() + ahead
  const azure = createAzure(rig.config())
  const reported: string[] = []
  const deps = {
    broker: createBroker({ now }),
    entra: azure.entra,
    federationToken: createFederationTokens({ keys: own, issuer: own.issuer, now: Date.now }),
    exchangeAudience: AUDIENCE,
    vault: azure.vault(`https://${rig.account}-gateway.vault.azure.net`),
    once: createOnce(azure.table('once')),
    report: (event: string) => void reported.push(event),
    now,
  }
  const clientId = randomUUID()
  const trust = { name: 'own', issuer: own.issuer, subject: 'scope:arm', audiences: [AUDIENCE] }
  const byIdentity = {
    name: 'attached',
    issuer: `https://login.microsoftonline.com/${rig.tenant}/v2.0`,
    subject: 'd0000000-0000-4000-8000-000000000002',
    audiences: ['fb60f99c-7a34-4190-8149-302f77469936'],
  }
  const app = { name: 'arm', appId: clientId, objectId: randomUUID(), federatedCredentials: [trust, byIdentity] }
  await rig.identityControl.register(app, randomUUID())
  return {
    ...{ deps, app, clientId, reported, issuer: own.issuer },
    /** Faults and counters of this application's token requests. */
    authority: rig.identityControl.of(clientId),
    pass: (ms: number) => {
      ahead += ms
    },
    close: own.close,
  }
}

const SUBJECT: Principal = {
  ...{ id: 'oidc:test:YQ', issuerName: 'test', kind: 'oidc', subject: 'a', groups: [], roles: [], claims: {} },
  expiresAt: Date.now() + 60_000,
} as unknown as Principal

export const targetOf = <K extends TargetKind>(token: { kind: K } & Record<string, unknown>, name = 'arm') =>
  TargetDocument.parse({ kind: 'target', name, access: 'read', token }) as TargetOf<K>

/** Plans and mints, as the door would let it. */
export async function issue<K extends TargetKind>(
  kind: TokenKind<K>,
  target: TargetOf<K>,
  order: Partial<TokenOrder<K>> = {},
) {
  const plan = await kind.plan({
    ...{ txn: 'txn', jti: randomUUID(), target, subject: SUBJECT, actor: undefined, notAfter: SUBJECT.expiresAt },
    ...{ context: {}, obligations: {}, now: Date.now() },
    ...order,
  } as TokenOrder<K>)
  return plan.mint()
}
