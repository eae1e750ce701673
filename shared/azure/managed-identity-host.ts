import type { IdentityEnvironment } from './azure-environment.ts'

/** The host that answers for a managed identity, by the variables the SDK goes by and in its order. */
export function detectHost(env: IdentityEnvironment): string {
  if (has(env, 'IDENTITY_ENDPOINT', 'IDENTITY_HEADER', 'IDENTITY_SERVER_THUMBPRINT')) return 'Service Fabric'
  if (has(env, 'IDENTITY_ENDPOINT', 'IDENTITY_HEADER')) return 'App Service'
  if (has(env, 'MSI_ENDPOINT', 'MSI_SECRET')) return 'Azure Machine Learning'
  if (has(env, 'MSI_ENDPOINT')) return 'Cloud Shell'
  if (has(env, 'IDENTITY_ENDPOINT', 'IMDS_ENDPOINT')) return 'Azure Arc'
  return 'IMDS'
}

const has = (env: IdentityEnvironment, ...names: string[]) => names.every((name) => env[name])
