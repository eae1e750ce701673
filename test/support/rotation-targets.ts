import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createTryKey } from '../../shared/azure/storage/try-key.ts'
import { Secret } from '../../shared/secrets/secret.ts'
import { application, managedToken } from './cloud-rotators.ts'
import { httpsCall } from './https-call.ts'
import type { TestPostgres } from './postgres.ts'
import type { TestRig } from './rig.ts'
import { directory } from './tenant.ts'

/** What a rotator works on: a real server that lets values in or does not. */
export type Target = {
  /** Of the document, beside what all have in common. */
  document: { rotator: string; settings?: object; credential?: string }
  /** The value that works before the first rotation. */
  first: string
  works(value: string): Promise<boolean>
}

export const DATABASE_HOST = 'killed.postgres.database.azure.com'

/** Two logins of one owner, the first of them in use; `kill-admin` of the gateway vault is their administrator. */
export async function databaseTarget(postgres: TestPostgres): Promise<Target> {
  await postgres.asSuperuser(async (client) => {
    await client.query(`CREATE ROLE kill_owner NOLOGIN; CREATE ROLE kill_a LOGIN IN ROLE kill_owner PASSWORD 'first';
      CREATE ROLE kill_b LOGIN IN ROLE kill_owner; CREATE ROLE kill_admin LOGIN CREATEROLE PASSWORD 'admin';
      GRANT kill_a, kill_b TO kill_admin WITH ADMIN OPTION, INHERIT FALSE, SET FALSE`)
  })
  const place = { host: DATABASE_HOST, port: 5432, database: 'postgres' }
  const logins = { logins: ['kill_a', 'kill_b'], owner: 'kill_owner' }
  return {
    document: { rotator: 'database', settings: { ...place, ...logins }, credential: 'kill-admin' },
    first: JSON.stringify({ username: 'kill_a', password: 'first', ...place }),
    works: (value) => settles(postgres.logIn(JSON.parse(value))),
  }
}

/** A client secret of an application whose owner the gateway is. */
export async function entraTarget(local: TestRig): Promise<Target> {
  const { first, works, applicationId, appId } = await application(local)
  const settings = { tenant: local.tenant, application: applicationId, clientId: appId }
  return { document: { rotator: 'entra-app', settings }, first, works }
}

const GROUP = '/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/killed'
const KEY_OPERATOR = '81a9662b-bebf-436f-a333-f67b29880f12'

/** The keys of a storage account; key1 is in use. */
export async function storageTarget(local: TestRig): Promise<Target> {
  const name = `${local.account}keys`
  const account = `${GROUP}/providers/Microsoft.Storage/storageAccounts/${name}`
  const principalId = directory.gatewayIdentity?.objectId ?? ''
  const assignment = { name: randomUUID(), scope: account, principalId, roleDefinition: KEY_OPERATOR }
  await local.addClouds({ storageAccounts: [account], roleAssignments: [assignment] })
  const headers = { authorization: `Bearer ${await managedToken(local.environment, 'https://management.azure.com')}` }
  const url = `https://management.azure.com${account}/listKeys?api-version=2024-01-01`
  const { json } = await httpsCall(url, { agent: local.agent, method: 'POST', headers })
  const tryKey = createTryKey({ blobSuffix: 'blob.core.windows.net', agent: local.agent, now: Date.now })
  return {
    document: { rotator: 'storage-key', settings: { account } },
    first: (json as { keys: { value: string }[] }).keys[0]?.value ?? '',
    works: (key) => settles(tryKey({ name, key: new Secret(key), signal: AbortSignal.timeout(20_000) })),
  }
}

/** An endpoint that accepts what it was given, and after `retire` the newest alone. `host` goes into the setting. */
export async function webhookTarget(local: TestRig): Promise<Target & { host: string; close(): void }> {
  const tls = (name: string) => readFileSync(join(local.stateDir, 'tls', name))
  const accepted = new Set(['first'])
  const server = createServer({ cert: tls('server.pem'), key: tls('server-key.pem') }, (request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      const { step, value = '' } = JSON.parse(text) as { step: string; value?: string }
      if (step === 'set') accepted.add(value)
      if (step === 'retire') for (const old of [...accepted].slice(0, -1)) accepted.delete(old)
      response.writeHead(step === 'verify' && !accepted.has(value) ? 403 : 204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    document: { rotator: 'webhook', settings: { url: `https://${host}/rotate` } },
    ...{ first: 'first', host, works: async (value) => accepted.has(value) },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

const settles = (work: Promise<unknown>) =>
  work.then(
    () => true,
    () => false,
  )
