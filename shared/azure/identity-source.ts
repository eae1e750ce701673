import { z } from 'zod'

/** Where the gateway's own identity comes from. */
export type IdentitySource =
  | { kind: 'managed'; id?: { type: 'ClientId' | 'ResourceId' | 'ObjectId'; id: string } }
  /** A service account's token file (AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE). */
  | { kind: 'workload' }
  /** Client secret or certificate of an application, or username and password, in the SDK's AZURE_* variables. */
  | { kind: 'environment' }
  /** Development only: whoever is signed in. */
  | { kind: 'chain' }

export type IdentityEnvironment = Record<string, string | undefined>

const guid = z.guid('must be the GUID of the identity')
const Selector = z.discriminatedUnion('ManagedIdentityIdType', [
  z.strictObject({
    ManagedIdentityIdType: z.literal('SystemAssigned'),
    Id: z.null('must be null or absent').optional(),
  }),
  z.strictObject({ ManagedIdentityIdType: z.literal('ClientId'), Id: guid }),
  z.strictObject({ ManagedIdentityIdType: z.literal('ObjectId'), Id: guid }),
  z.strictObject({
    ManagedIdentityIdType: z.literal('ResourceId'),
    Id: z.string().regex(/^\/subscriptions\/[^?#\s]+\/userAssignedIdentities\/[^/?#\s]+$/i, 'must be an ARM id'),
  }),
])
const Credential = z.strictObject({ Credential: z.enum(['WorkloadIdentity', 'Environment', 'DefaultChain']) })

const KINDS = { WorkloadIdentity: 'workload', Environment: 'environment', DefaultChain: 'chain' } as const

const FORMS =
  'must be {"ManagedIdentityIdType":"SystemAssigned"}, {"ManagedIdentityIdType":"ClientId"|"ResourceId"|"ObjectId","Id":"…"} ' +
  'or {"Credential":"WorkloadIdentity"|"Environment"|"DefaultChain"}'

/**
 * Reads SALLYPORT_IDENTITY: MSAL's `ManagedIdentityIdType` and `Id`, or the name of another credential. Without it the
 * system-assigned identity, or the workload identity where a token file is mounted. Throws a sentence without the value.
 */
export function readIdentitySource(setting: string | undefined, env: IdentityEnvironment): IdentitySource {
  if (!setting) return { kind: hasTokenFile(env) ? 'workload' : 'managed' }
  const value = parse(setting)
  const credential = Credential.safeParse(value)
  if (credential.success) return { kind: KINDS[credential.data.Credential] }
  const selector = Selector.safeParse(value)
  if (!selector.success) throw new Error(sentence(selector.error))
  const { ManagedIdentityIdType: type, Id: id } = selector.data
  return type === 'SystemAssigned' || typeof id !== 'string'
    ? { kind: 'managed' }
    : { kind: 'managed', id: { type, id } }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(FORMS)
  }
}

const sentence = ({ issues }: z.ZodError) => {
  const id = issues.find(({ path }) => path[0] === 'Id')
  return id ? `Id: ${id.message}` : FORMS
}

const hasTokenFile = (env: IdentityEnvironment) =>
  has(env, 'AZURE_CLIENT_ID', 'AZURE_TENANT_ID', 'AZURE_FEDERATED_TOKEN_FILE')

/** The host that answers for a managed identity, by the variables the SDK goes by and in its order. */
export function detectHost(env: IdentityEnvironment): string {
  if (has(env, 'IDENTITY_ENDPOINT', 'IDENTITY_HEADER', 'IDENTITY_SERVER_THUMBPRINT')) return 'Service Fabric'
  if (has(env, 'IDENTITY_ENDPOINT', 'IDENTITY_HEADER')) return 'App Service'
  if (has(env, 'MSI_ENDPOINT', 'MSI_SECRET')) return 'Azure Machine Learning'
  if (has(env, 'MSI_ENDPOINT')) return 'Cloud Shell'
  if (has(env, 'IDENTITY_ENDPOINT', 'IMDS_ENDPOINT')) return 'Azure Arc'
  return 'IMDS'
}

/** In words, for the start's log line and `sallyport doctor`. */
export function describeIdentity(source: IdentitySource, env: IdentityEnvironment): string {
  switch (source.kind) {
    case 'workload':
      return 'workload identity (token file)'
    case 'environment':
      return 'application or user of the AZURE_* variables'
    case 'chain':
      return 'default chain (development)'
    case 'managed': {
      const which = source.id ? `user-assigned by ${source.id.type} ${source.id.id}` : 'system-assigned'
      return `managed identity of ${detectHost(env)}, ${which}`
    }
  }
}

const has = (env: IdentityEnvironment, ...names: string[]) => names.every((name) => env[name])
