import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { readJsonFile, writeAtomically } from '../atomic-file.ts'
import type { Seed, SeedApp, SeedIdentity, SeedResource, SeedUser } from '../seed.ts'

export type RegisteredApp = SeedApp & { secret: string }

/** `failures` in a row; the tenth locks the account, as Entra's smart lockout does. */
export type RegisteredUser = SeedUser & { password: string; failures: number }

export type Directory = {
  tenant: string
  app(appId: string): RegisteredApp | undefined
  /** By the object id of the application. */
  application(id: string): RegisteredApp | undefined
  apps(): RegisteredApp[]
  managedIdentities(): readonly SeedIdentity[]
  /** Application permissions of Microsoft Graph, by the object id of a service principal. */
  graphPermissions(objectId: string): readonly string[]
  user(username: string): RegisteredUser | undefined
  resource(identifier: string): SeedResource | undefined
  /** The identity asked for; the system-assigned one when no selector is given. */
  managedIdentity(selector: { clientId?: string; resourceId?: string; objectId?: string }): SeedIdentity | undefined
  oidcClient(issuer: string, client: string): { secret: string } | undefined
  hasOidcIssuer(name: string): boolean
  /** For tests: adds or replaces an app until the process ends. */
  register(app: SeedApp, secret: string): void
  isRegistered(appId: string): boolean
  registerUser(user: SeedUser, password: string): void
  registerIdentity(identity: SeedIdentity): void
  /** Value of `X-IDENTITY-HEADER` that the managed-identity endpoint wants. */
  identityHeader: string
}

const Secrets = z.object({
  identityHeader: z.string(),
  apps: z.record(z.string(), z.string()),
  oidc: z.record(z.string(), z.string()),
  users: z.record(z.string(), z.string()).default({}),
})
export type ClientSecrets = z.infer<typeof Secrets>

/** Where the made-up secrets of a state folder are; `npm run token` reads it too. */
export const clientSecretsPath = (stateDir: string) => join(stateDir, 'identity', 'client-secrets.json')

export async function readClientSecrets(stateDir: string): Promise<ClientSecrets | undefined> {
  const content = await readJsonFile(clientSecretsPath(stateDir))
  return content === undefined ? undefined : Secrets.parse(content)
}

/** The tenant's apps, identities and resources from the seed, with secrets that exist only in this state folder. */
export async function openDirectory(seed: Seed, stateDir: string): Promise<Directory> {
  const secrets = await completeSecrets(seed, stateDir)
  const apps = new Map<string, RegisteredApp>()
  for (const app of seed.apps) apps.set(app.appId, { ...app, secret: secrets.apps[app.name] ?? '' })
  const registered = new Set<string>()
  const identities = [...seed.managedIdentities]
  const users = new Map<string, RegisteredUser>()
  const addUser = (user: SeedUser, password: string) =>
    void users.set(user.username.toLowerCase(), { ...user, password, failures: 0 })
  for (const user of seed.users) addUser(user, secrets.users[user.name] ?? '')
  return {
    tenant: seed.tenant,
    identityHeader: secrets.identityHeader,
    app: (appId) => apps.get(appId.toLowerCase()),
    application: (id) => [...apps.values()].find(({ applicationId }) => applicationId === id.toLowerCase()),
    apps: () => [...apps.values()],
    managedIdentities: () => identities,
    // Test runs register applications under the object id of an identity: what either may, both may.
    graphPermissions: (objectId) =>
      [...apps.values(), ...identities]
        .filter((item) => item.objectId === objectId)
        .flatMap(({ name }) => seed.graphPermissions[name] ?? []),
    registerIdentity: (identity) => void identities.push(identity),
    resource: (identifier) => {
      const wanted = identifier.replace(/\/$/, '')
      return seed.resources.find(({ uri, appId }) => uri === wanted || appId === wanted.toLowerCase())
    },
    managedIdentity: (selector) => findIdentity(identities, selector),
    hasOidcIssuer: (name) => seed.oidcIssuers.some((issuer) => issuer.name === name),
    oidcClient: (issuer, client) => {
      const secret = secrets.oidc[`${issuer} ${client}`]
      return secret === undefined ? undefined : { secret }
    },
    user: (username) => users.get(username.toLowerCase()),
    registerUser: addUser,
    isRegistered: (appId) => registered.has(appId),
    register: (app, secret) => {
      registered.add(app.appId)
      apps.set(app.appId, { ...app, secret })
    },
  }
}

async function completeSecrets(seed: Seed, stateDir: string): Promise<ClientSecrets> {
  const old = await readClientSecrets(stateDir)
  const fresh = () => randomBytes(30).toString('base64url')
  const oidcClients = seed.oidcIssuers.flatMap(({ name, clients }) => clients.map((client) => `${name} ${client}`))
  const all: ClientSecrets = {
    identityHeader: old?.identityHeader ?? fresh(),
    apps: Object.fromEntries(seed.apps.map(({ name }) => [name, old?.apps[name] ?? fresh()])),
    users: Object.fromEntries(seed.users.map(({ name }) => [name, old?.users[name] ?? fresh()])),
    oidc: Object.fromEntries(oidcClients.map((client) => [client, old?.oidc[client] ?? fresh()])),
  }
  if (JSON.stringify(all) !== JSON.stringify(old)) {
    await writeAtomically(clientSecretsPath(stateDir), `${JSON.stringify(all, null, 2)}\n`)
  }
  return all
}

function findIdentity(
  identities: readonly SeedIdentity[],
  { clientId, resourceId, objectId }: { clientId?: string; resourceId?: string; objectId?: string },
): SeedIdentity | undefined {
  if (!clientId && !resourceId && !objectId) return identities.find(({ kind }) => kind === 'system')
  return identities.find(
    (identity) =>
      (!clientId || identity.clientId === clientId.toLowerCase()) &&
      (!objectId || identity.objectId === objectId.toLowerCase()) &&
      (!resourceId || identity.resourceId.toLowerCase() === resourceId.toLowerCase()),
  )
}
