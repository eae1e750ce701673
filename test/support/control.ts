import { type Agent, request } from 'node:https'
import type { CloudDocuments } from '../../local/servers/clouds/accounts.ts'
import type { FaultInput } from '../../local/servers/faults.ts'
import type { MintRequest } from '../../local/servers/identity/control.ts'
import type { LoggedGrant } from '../../local/servers/identity/grant-log.ts'
import type { SeedAppInput, SeedIdentity, SeedUser } from '../../local/servers/seed.ts'

/** Faults and counters of one scope of one server. */
export type ServerControl = {
  fault(fault: FaultInput): Promise<void>
  clear(): Promise<void>
  /** Calls by operation since the last `clear`. */
  counts(): Promise<Record<string, number>>
}

export type IdentityControl = {
  /** Signs any claims with a key of the realm (a tenant id, or `oidc-<name>`). */
  mint(request: MintRequest): Promise<string>
  /** New signing keys; the ones before stay published, older ones go. */
  rollOver(realm: string): Promise<void>
  register(app: SeedAppInput, secret: string): Promise<void>
  registerUser(user: SeedUser, password: string): Promise<void>
  registerIdentity(identity: SeedIdentity): Promise<void>
  /** Client secrets that the app gets from Graph from now on are refused so many times first. */
  propagation(client: string, refusals: number): Promise<void>
  /** How a registered client got its tokens, oldest first. */
  grants(clientId: string): Promise<LoggedGrant[]>
  /** Discovery, keys and tokens of a realm. */
  of(realm: string): ServerControl
  /** The managed-identity endpoint, as this test file's requests see it. */
  managedIdentity: ServerControl
}

/** Control endpoints of the run's servers; they exist only in test runs. */
export function createControl({ agent, account }: { agent: Agent; account: string }) {
  const authority = 'https://login.microsoftonline.com'
  const serverControl = (origin: string, scope: string): ServerControl => ({
    fault: async (fault) => void (await call(agent, `${origin}/_control/faults/${scope}`, 'POST', fault)),
    clear: async () => void (await call(agent, `${origin}/_control/faults/${scope}`, 'DELETE')),
    counts: async () => (await call(agent, `${origin}/_control/counts/${scope}`, 'GET')) as Record<string, number>,
  })
  const identity: IdentityControl = {
    async mint(wanted) {
      const { token } = (await call(agent, `${authority}/_control/mint`, 'POST', wanted)) as { token: string }
      return token
    },
    rollOver: async (realm) => void (await call(agent, `${authority}/_control/rollover`, 'POST', { realm })),
    register: async (app, secret) => void (await call(agent, `${authority}/_control/apps`, 'POST', { app, secret })),
    registerUser: async (user, password) =>
      void (await call(agent, `${authority}/_control/users`, 'POST', { user, password })),
    registerIdentity: async (one) =>
      void (await call(agent, `${authority}/_control/identities`, 'POST', { identity: one })),
    propagation: async (client, refusals) =>
      void (await call(agent, `${authority}/_control/propagation`, 'POST', { client, refusals })),
    grants: async (id) => (await call(agent, `${authority}/_control/grants/${id}`, 'GET')) as LoggedGrant[],
    of: (realm) => serverControl(authority, realm),
    managedIdentity: serverControl(authority, account),
  }
  const vault = (alias: 'main' | 'gateway') =>
    serverControl(`https://${account}-${alias}.vault.azure.net`, `${account}-${alias}`)
  // Any host of the process answers its control paths.
  const clouds = 'https://sts.googleapis.com'
  const cloud = (name: string) => serverControl(clouds, `${account}${name}`)
  const addClouds = async (documents: CloudDocuments) => {
    await call(agent, `${clouds}/_control/clouds`, 'POST', documents)
  }
  return { identity, vault, cloud, addClouds }
}

function call(agent: Agent, url: string, method: string, body?: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        const ok = (response.statusCode ?? 500) < 300
        if (ok) resolve(text ? JSON.parse(text) : undefined)
        else reject(new Error(`${url}: ${response.statusCode} ${text}`))
      })
    })
    sent.on('error', reject)
    sent.end(body === undefined ? '' : JSON.stringify(body))
  })
}
