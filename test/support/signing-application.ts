import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import type { TestRig } from './rig.ts'
import { directory } from './tenant.ts'

const EXCHANGE = 'api://AzureADTokenExchange'
const DAY_MS = 86_400_000

/** PEM of a certificate and its key. */
export async function certificate(from = Date.now() - DAY_MS, to = Date.now() + DAY_MS) {
  const life = { notBeforeDate: new Date(from), notAfterDate: new Date(to) }
  const made = await generate([{ name: 'commonName', value: 'gateway' }], {
    ...life,
    algorithm: 'sha256',
    keySize: 2048,
  })
  return { cert: made.cert, pem: `${made.private}\n${made.cert}` }
}

/**
 * An application that can be the gateway's identity in every way, and a user of it. Both have the object id of the seeded
 * gateway identity, so that the vaults let them in; what differs is how the token is got.
 */
export async function signingApplication(local: TestRig) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-identity-'))
  const clientId = randomUUID()
  const secret = randomBytes(24).toString('base64url')
  const password = randomBytes(24).toString('base64url')
  const username = `gateway-${local.account}@contoso.example`
  const objectId = directory.gatewayIdentity?.objectId ?? ''
  const issuer = local.issuer('cluster')
  const subject = 'system:serviceaccount:sallyport:gateway'
  const { cert, pem } = await certificate()
  const attached = 'd0000000-0000-4000-8000-000000000002'
  const app = {
    ...{ name: 'gateway-app', appId: clientId, objectId, certificates: [cert] },
    federatedCredentials: [
      { name: 'cluster', issuer: issuer.issuer, subject, audiences: [EXCHANGE] },
      {
        ...{ name: 'attached', subject: attached, audiences: ['fb60f99c-7a34-4190-8149-302f77469936'] },
        issuer: `https://login.microsoftonline.com/${local.tenant}/v2.0`,
      },
    ],
  }
  await local.identityControl.register(app, secret)
  await local.identityControl.registerUser({ name: 'gateway-user', username, objectId }, password)
  const file = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  /** A service account's token as the platform mounts it; `changes` make it a wrong one. */
  const tokenFile = async (name: string, changes: Record<string, unknown> = {}) => {
    const exp = Math.floor(Date.now() / 1_000) + 3_600
    return file(name, await issuer.mint({ iss: issuer.issuer, sub: subject, aud: EXCHANGE, exp, ...changes }))
  }
  return {
    ...{ app, clientId, secret, username, password, pem, folder, file, tokenFile },
    variables: { AZURE_TENANT_ID: local.tenant, AZURE_CLIENT_ID: clientId },
    grants: () => local.identityControl.grants(clientId),
    forget: () => rmSync(folder, { recursive: true, force: true }),
  }
}
