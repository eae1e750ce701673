import { CLOUDS, type Cloud } from '../../../shared/azure/clouds.ts'

/** The cloud whose authority or v1 issuer a Host names; the public one for every other name. */
export function cloudOf(hostname: string): Cloud {
  const named = Object.values(CLOUDS).find(({ authority, issuers }) =>
    [authority, issuers.v1].some((url) => new URL(url).hostname === hostname),
  )
  return named ?? CLOUDS.AzurePublic
}

/** `iss` of a tenant's tokens. */
export const issuerOf = (tenant: string, version: 1 | 2, { issuers }: Cloud) =>
  issuers[version === 1 ? 'v1' : 'v2'].replace('{tid}', tenant)
