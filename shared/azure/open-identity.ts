import type { TokenCredential } from '@azure/identity'
import type { IdentitySource } from './identity-source.ts'
import { openManagedIdentity } from './managed-identity.ts'

/** Opens a credential of that source; `authority` is the cloud's. Retries and caching are the broker's, not the SDK's. */
export async function openIdentity(source: IdentitySource, authority: string): Promise<TokenCredential> {
  if (source.kind === 'managed') return openManagedIdentity(source.id)
  const sdk = await import('@azure/identity')
  const options = { authorityHost: authority, retryOptions: { maxRetries: 0 } }
  switch (source.kind) {
    case 'workload':
      return new sdk.WorkloadIdentityCredential(options)
    case 'environment':
      return new sdk.EnvironmentCredential(options)
    case 'chain':
      return new sdk.DefaultAzureCredential(options)
  }
}
