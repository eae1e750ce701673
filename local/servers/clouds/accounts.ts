import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { RoleAssignment } from './arm/role-assignments.ts'

const Jwks = z.looseObject({ keys: z.array(z.looseObject({})) })

/** `loopback` stands for the gateway of a local run, whatever its port: discovery at `http://127.0.0.1:<port>`. */
const Issuer = z.union([z.literal('loopback'), z.url()])

/** A workload identity pool's OIDC provider. Google lets keys be uploaded where its issuer cannot be reached: `jwks`. */
const Provider = z.strictObject({
  project: z.string().regex(/^\d+$/),
  pool: z.string(),
  provider: z.string(),
  issuer: Issuer,
  /** Besides the provider's own resource name, which is always accepted. */
  audiences: z.array(z.string()).default([]),
  jwks: Jwks.optional(),
})

const ServiceAccount = z.strictObject({
  email: z.string(),
  uniqueId: z.string().default('100000000000000000001'),
  /** Members of roles/iam.workloadIdentityUser, `principal://iam.googleapis.com/…/subject/<sub>`. */
  impersonators: z.array(z.string()).default([]),
  /** Public key (PEM) by key id, of keys made for this account. */
  keys: z.record(z.string(), z.string()).default({}),
})

/** An IAM role and its trust policy: an OIDC provider with conditions on `aud` and `sub`. */
const Role = z.strictObject({
  arn: z.string(),
  issuer: Issuer,
  audiences: z.array(z.string()).default(['sts.amazonaws.com']),
  subjects: z.array(z.string()),
  maxSessionSeconds: z.number().int().default(3_600),
  /** The real service reads the issuer's discovery document; a test's issuer has no address. */
  jwks: Jwks.optional(),
})

/** What an identity may do in a repository of a container registry. */
const RegistryGrant = z.strictObject({
  registry: z.string(),
  objectId: z.guid(),
  repository: z.string(),
  actions: z.array(z.string()),
})

/** Who may generate client tokens of a Web PubSub service. */
const WebPubSubOwner = z.strictObject({ host: z.string(), objectId: z.guid() })

/** Who may get user delegation keys of a storage account: *Storage Blob Delegator* and its like, for all three services at once. */
const StorageDelegator = z.strictObject({ account: z.string(), objectId: z.guid() })

const Documents = z.strictObject({
  providers: z.array(Provider).default([]),
  serviceAccounts: z.array(ServiceAccount).default([]),
  roles: z.array(Role).default([]),
  registryGrants: z.array(RegistryGrant).default([]),
  webPubSubOwners: z.array(WebPubSubOwner).default([]),
  storageDelegators: z.array(StorageDelegator).default([]),
  /** ARM ids. */
  storageAccounts: z.array(z.string().startsWith('/subscriptions/')).default([]),
  roleAssignments: z.array(RoleAssignment).default([]),
})

export type CloudDocuments = z.input<typeof Documents>
export type Provider = z.infer<typeof Provider>
export type ServiceAccount = z.infer<typeof ServiceAccount>
export type Role = z.infer<typeof Role>

/** Who exists in the local clouds; tests add their own. The latest document of a name counts. */
export type Accounts = {
  provider(resource: string): Provider | undefined
  serviceAccount(email: string): ServiceAccount | undefined
  role(arn: string): Role | undefined
  /** Actions of an identity in one repository. */
  registryActions(wanted: { registry: string; objectId: string; repository: string }): readonly string[]
  /** Object ids. */
  webPubSubOwners(host: string): readonly string[]
  /** Object ids. */
  storageDelegators(account: string): readonly string[]
  /** By its ARM id. */
  hasStorageAccount(id: string): boolean
  roleAssignments(): readonly RoleAssignment[]
  add(documents: unknown): void
}

const CLOUDS_FILE = new URL('../../seed/clouds.json', import.meta.url).pathname

/** `//iam.googleapis.com/projects/…`: how Google names a provider, the `audience` of a token exchange. */
export const providerResource = ({ project, pool, provider }: Pick<Provider, 'project' | 'pool' | 'provider'>) =>
  `//iam.googleapis.com/projects/${project}/locations/global/workloadIdentityPools/${pool}/providers/${provider}`

export async function openAccounts(): Promise<Accounts> {
  const providers = new Map<string, Provider>()
  const serviceAccounts = new Map<string, ServiceAccount>()
  const roles = new Map<string, Role>()
  const registryGrants: z.infer<typeof RegistryGrant>[] = []
  const webPubSubs: z.infer<typeof WebPubSubOwner>[] = []
  const delegators: z.infer<typeof StorageDelegator>[] = []
  const storageAccounts = new Set<string>()
  const roleAssignments: RoleAssignment[] = []
  const add = (documents: unknown) => {
    const parsed = Documents.parse(documents)
    for (const provider of parsed.providers) providers.set(providerResource(provider), provider)
    for (const account of parsed.serviceAccounts) serviceAccounts.set(account.email, account)
    for (const role of parsed.roles) roles.set(role.arn, role)
    registryGrants.push(...parsed.registryGrants)
    webPubSubs.push(...parsed.webPubSubOwners)
    delegators.push(...parsed.storageDelegators)
    for (const id of parsed.storageAccounts) storageAccounts.add(id.toLowerCase())
    roleAssignments.push(...parsed.roleAssignments)
  }
  add(JSON.parse(await readFile(CLOUDS_FILE, 'utf8')))
  return {
    provider: (resource) => providers.get(resource),
    serviceAccount: (email) => serviceAccounts.get(email),
    role: (arn) => roles.get(arn),
    registryActions: ({ registry, objectId, repository }) =>
      registryGrants
        .filter((one) => one.registry === registry && one.objectId === objectId && one.repository === repository)
        .flatMap(({ actions }) => actions),
    webPubSubOwners: (host) => webPubSubs.filter((one) => one.host === host).map(({ objectId }) => objectId),
    storageDelegators: (account) => delegators.filter((one) => one.account === account).map(({ objectId }) => objectId),
    hasStorageAccount: (id) => storageAccounts.has(id.toLowerCase()),
    roleAssignments: () => roleAssignments,
    add,
  }
}
