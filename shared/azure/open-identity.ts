import type { Agent } from 'node:https'
import type { TokenCredential } from '@azure/identity'
import { askEntra, type EntraWay, type MakeCredential } from './entra-request.ts'
import { readAssertionFile, readCertificateFile } from './identity-files.ts'
import type { IdentitySource } from './identity-source.ts'
import { openManagedIdentity } from './managed-identity.ts'

export type OpenIdentityDeps = EntraWay & {
  /** `aud` of an assertion that a federated credential trusts in this cloud. */
  exchangeAudience: string
}

/**
 * Opens a credential of that source. Retries and caching are the broker's, not the SDK's: an application's credential is made
 * anew for each request, so a file that was renewed counts at once. Throws IdentityFault where a file can be no credential.
 */
export async function openIdentity(source: IdentitySource, deps: OpenIdentityDeps): Promise<TokenCredential> {
  if (source.kind === 'managed') return openManagedIdentity(source.id)
  if (source.kind === 'chain') return openChain(deps)
  const maker = source.kind === 'assertion' ? await byManagedIdentity(source, deps) : () => makerOf(source)
  return { getToken: async (...asked) => askEntra(await maker(), asked, deps) }
}

type Stored = Exclude<IdentitySource, { kind: 'managed' | 'chain' | 'assertion' }>

async function makerOf(source: Stored): Promise<MakeCredential> {
  const { tenant, clientId } = source
  switch (source.kind) {
    case 'workload': {
      await readAssertionFile(source.tokenFile)
      const file = { tenantId: tenant, clientId, tokenFilePath: source.tokenFile }
      return (sdk, options) => new sdk.WorkloadIdentityCredential({ ...options, ...file })
    }
    case 'certificate': {
      const { path, password, sendChain: sendCertificateChain } = source
      await readCertificateFile(path)
      return (sdk, options) => {
        const by = (certificatePassword?: string) =>
          new sdk.ClientCertificateCredential(
            ...[tenant, clientId],
            { certificatePath: path, ...(certificatePassword !== undefined && { certificatePassword }) },
            { ...options, sendCertificateChain },
          )
        return password ? password.within(by) : by()
      }
    }
    case 'secret':
      return (sdk, options) =>
        source.secret.within((text) => new sdk.ClientSecretCredential(tenant, clientId, text, options))
    case 'password':
      return (sdk, options) =>
        source.password.within(
          (text) => new sdk.UsernamePasswordCredential(tenant, clientId, source.username, text, options),
        )
  }
}

/** The application trusts a managed identity of this host; its token is asked for anew each time, like the application's. */
async function byManagedIdentity(
  { tenant, clientId, by }: Extract<IdentitySource, { kind: 'assertion' }>,
  { exchangeAudience }: OpenIdentityDeps,
): Promise<() => Promise<MakeCredential>> {
  const identity = await openManagedIdentity(by)
  return async () => {
    // Asked before the SDK is in between: its failure keeps its own name.
    const assertion = await identity.getToken(`${exchangeAudience}/.default`)
    if (!assertion) throw new Error('no assertion')
    return (sdk, options) => new sdk.ClientAssertionCredential(tenant, clientId, async () => assertion.token, options)
  }
}

/** The SDK's own order of sources; it reads the process's environment itself. */
async function openChain({ authority, agent }: OpenIdentityDeps): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await import('@azure/identity')
  const additionalPolicies = agent ? [{ policy: localPolicy(agent), position: 'perRetry' as const }] : []
  return new DefaultAzureCredential({
    authorityHost: authority,
    disableInstanceDiscovery: true,
    retryOptions: { maxRetries: 0 },
    additionalPolicies,
  })
}

/** In a local run what goes to Entra ID goes to its stand-in; a managed identity's endpoint is on this machine anyway. */
const localPolicy = (agent: Agent) => ({
  name: 'sallyportLocal',
  sendRequest<R extends { url: string; agent?: unknown }, A>(request: R, next: (request: R) => Promise<A>): Promise<A> {
    if (request.url.startsWith('https:')) request.agent = agent
    return next(request)
  },
})
