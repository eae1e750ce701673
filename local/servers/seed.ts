import { readFile } from 'node:fs/promises'
import { z } from 'zod'

const guid = z.guid().regex(/^[0-9a-f-]+$/, 'must be lower case')
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/)

const Federated = z.strictObject({
  name: z.string(),
  issuer: z.string(),
  subject: z.string(),
  audiences: z.array(z.string()).default(['api://AzureADTokenExchange']),
})

/** An app registration with its service principal; its client secret is made by the identity server. */
const App = z.strictObject({
  name,
  appId: guid,
  objectId: guid,
  /** Object id of the application itself (`objectId` is its service principal's), where Graph knows it. */
  applicationId: guid.optional(),
  /** Object ids of those who may change it with Application.ReadWrite.OwnedBy. */
  owners: z.array(guid).default([]),
  roles: z.array(z.string()).default([]),
  groups: z.array(guid).default([]),
  /** PEM certificates whose keys may sign client assertions. */
  certificates: z.array(z.string()).default([]),
  federatedCredentials: z.array(Federated).default([]),
})

/** A person; the password is made by the identity server. */
const User = z.strictObject({ name, username: z.email(), objectId: guid })

const ManagedIdentity = z.strictObject({
  name,
  kind: z.enum(['system', 'user']),
  clientId: guid,
  objectId: guid,
  /** ARM id of the resource (system) or of the identity (user): the token's `xms_mirid`. */
  resourceId: z.string().startsWith('/subscriptions/'),
})

/** Something a token may be asked for. */
const Resource = z.strictObject({
  name: z.string(),
  appId: guid,
  /** App ID URI; a trailing slash in the request is tolerated, as Entra does. */
  uri: z.string(),
  /** Access token version, or `endpoint`: as the endpoint that is asked. */
  tokenVersion: z.union([z.literal(1), z.literal(2), z.literal('endpoint')]),
})

export const SECRET_PERMISSIONS = ['get', 'list', 'set', 'delete', 'recover', 'purge', 'backup', 'restore'] as const

const Seed = z.strictObject({
  $comment: z.string().optional(),
  tenant: guid,
  resources: z.array(Resource),
  apps: z.array(App),
  users: z.array(User).default([]),
  managedIdentities: z.array(ManagedIdentity),
  oidcIssuers: z.array(z.strictObject({ name, clients: z.array(z.string()) })).default([]),
  /** Name of an app or identity → its application permissions of Microsoft Graph. */
  graphPermissions: z.record(z.string(), z.array(z.string())).default({}),
  /** Vault process (`main`, `gateway`) → name of an app or identity → what it may do with secrets. */
  vaultAccess: z.record(z.string(), z.record(z.string(), z.array(z.enum(SECRET_PERMISSIONS)))),
})

export type Seed = z.infer<typeof Seed>
export type SeedApp = z.infer<typeof App>
export type SeedAppInput = z.input<typeof App>
export type SeedUser = z.infer<typeof User>
export type SeedIdentity = z.infer<typeof ManagedIdentity>
export type SeedResource = z.infer<typeof Resource>
export type SecretPermission = (typeof SECRET_PERMISSIONS)[number]

export const parseApp = (value: unknown): SeedApp => App.parse(value)
export const parseIdentity = (value: unknown): SeedIdentity => ManagedIdentity.parse(value)
export const parseUser = (value: unknown): SeedUser => User.parse(value)

/** Directory of the local tenant. */
export const IDENTITIES_FILE = new URL('../seed/identities.json', import.meta.url).pathname

export async function readSeed(path: string): Promise<Seed> {
  const parsed = Seed.safeParse(JSON.parse(await readFile(path, 'utf8')))
  if (!parsed.success) throw new Error(`${path}: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}

/** Object id → permissions in one vault. Throws when the seed names nobody it knows. */
export function vaultPermissions(seed: Seed, vault: string): Map<string, ReadonlySet<SecretPermission>> {
  const principals = [...seed.apps, ...seed.managedIdentities]
  const rules = Object.entries(seed.vaultAccess[vault] ?? {}).map(([who, permissions]) => {
    const principal = principals.find((item) => item.name === who)
    if (!principal) throw new Error(`vaultAccess.${vault} names ${who}, who is not in the seed`)
    return [principal.objectId, new Set(permissions)] as const
  })
  return new Map(rules)
}
