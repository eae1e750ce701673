import type { TokenCredential } from '@azure/identity'

/** The person or pipeline at the command line: environment, workload identity, managed identity, `az login`, in the SDK's order. */
export async function openOperatorCredential(authority: string): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await import('@azure/identity')
  return new DefaultAzureCredential({ authorityHost: authority })
}
