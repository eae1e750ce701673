import { z } from 'zod'
import type { Secret } from '../secrets/secret.ts'
import { type IdentityEnvironment, readAzureEnvironment, readTokenFile } from './azure-environment.ts'
import { detectHost } from './managed-identity-host.ts'

/** An attached user-assigned identity. */
export type ManagedId = { type: 'ClientId' | 'ResourceId' | 'ObjectId'; id: string }

type Application = { tenant: string; clientId: string }

/** Where the gateway's own identity comes from. */
export type IdentitySource =
  | { kind: 'managed'; id?: ManagedId }
  /** An application with a federated credential for a service account's token file. */
  | (Application & { kind: 'workload'; tokenFile: string })
  /** An application with a federated credential for a managed identity of this host: vaults and storage of another tenant. */
  | (Application & { kind: 'assertion'; by?: ManagedId })
  | (Application & { kind: 'secret'; secret: Secret })
  /** PEM file with certificate and private key. */
  | (Application & { kind: 'certificate'; path: string; password?: Secret; sendChain: boolean })
  | (Application & { kind: 'password'; username: string; password: Secret })
  /** Development only: whoever is signed in. */
  | { kind: 'chain' }

const guid = z.guid('must be a GUID')
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
const Assertion = z.strictObject({
  Credential: z.literal('ClientAssertion'),
  TenantId: guid,
  ClientId: guid,
  Assertion: Selector.default({ ManagedIdentityIdType: 'SystemAssigned' }),
})

const FORMS =
  'must be {"ManagedIdentityIdType":"SystemAssigned"}, {"ManagedIdentityIdType":"ClientId"|"ResourceId"|"ObjectId","Id":"…"}, ' +
  '{"Credential":"WorkloadIdentity"|"Environment"|"DefaultChain"} ' +
  'or {"Credential":"ClientAssertion","TenantId":"…","ClientId":"…","Assertion":{"ManagedIdentityIdType":…}}'

/**
 * Reads SALLYPORT_IDENTITY: MSAL's `ManagedIdentityIdType` and `Id`, or the name of another credential, whose parts are the
 * SDK's `AZURE_*` variables. Without it the system-assigned identity, or the workload identity where a token file is mounted.
 * Throws a sentence without any value.
 */
export function readIdentitySource(setting: string | undefined, env: IdentityEnvironment): IdentitySource {
  if (!setting) return env['AZURE_FEDERATED_TOKEN_FILE'] ? readTokenFile(env) : { kind: 'managed' }
  const value = parse(setting)
  const credential = Credential.safeParse(value)
  if (credential.success) return byName(credential.data.Credential, env)
  const assertion = Assertion.safeParse(value)
  if (assertion.success) {
    const { TenantId: tenant, ClientId: clientId, Assertion: by } = assertion.data
    return {
      kind: 'assertion',
      tenant,
      clientId,
      ...(by.ManagedIdentityIdType !== 'SystemAssigned' && { by: idOf(by) }),
    }
  }
  const selector = Selector.safeParse(value)
  if (!selector.success) throw new Error(sentence(selector.error))
  const { data } = selector
  return data.ManagedIdentityIdType === 'SystemAssigned' ? { kind: 'managed' } : { kind: 'managed', id: idOf(data) }
}

function byName(name: z.infer<typeof Credential>['Credential'], env: IdentityEnvironment): IdentitySource {
  if (name === 'DefaultChain') return { kind: 'chain' }
  return name === 'WorkloadIdentity' ? readTokenFile(env) : readAzureEnvironment(env)
}

const idOf = ({ ManagedIdentityIdType: type, Id: id }: { ManagedIdentityIdType: ManagedId['type']; Id: string }) => ({
  type,
  id,
})

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

/** In words, for the start's log line and `sallyport doctor`; no secret, no path's content. */
export function describeIdentity(source: IdentitySource, env: IdentityEnvironment): string {
  const managed = (id?: ManagedId) =>
    `managed identity of ${detectHost(env)}, ${id ? `user-assigned by ${id.type} ${id.id}` : 'system-assigned'}`
  switch (source.kind) {
    case 'managed':
      return managed(source.id)
    case 'assertion':
      return `application ${source.clientId} by assertion of the ${managed(source.by)}`
    case 'workload':
      return `application ${source.clientId} by workload identity (token file ${source.tokenFile})`
    case 'secret':
      return `application ${source.clientId} by client secret (AZURE_CLIENT_SECRET)`
    case 'certificate':
      return `application ${source.clientId} by client certificate (${source.path})`
    case 'password':
      return `user ${source.username} by password (AZURE_PASSWORD; legacy)`
    case 'chain':
      return 'default chain (development)'
  }
}
