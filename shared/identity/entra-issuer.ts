import { CLOUDS, type CloudName } from '../azure/clouds.ts'

export type EntraIssuer = {
  /** Lower-case GUID. */
  tenant: string
  /** What `ver` must say. */
  version: '1.0' | '2.0'
  /** Clouds that write this issuer: more than one for v1, where public and US Government share a host. */
  clouds: readonly CloudName[]
}

export const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Reads tenant and version out of an issuer; `undefined` when no Azure cloud writes it so (`common`, a name, a slash too many). */
export function parseEntraIssuer(issuer: string): EntraIssuer | undefined {
  for (const version of ['v1', 'v2'] as const) {
    const clouds = cloudNames.filter((name) => tenantIn(issuer, CLOUDS[name].issuers[version]))
    const [cloud] = clouds
    const tenant = cloud && tenantIn(issuer, CLOUDS[cloud].issuers[version])
    if (tenant) return { tenant, version: version === 'v1' ? '1.0' : '2.0', clouds }
  }
  return undefined
}

const cloudNames = Object.keys(CLOUDS) as CloudName[]

function tenantIn(issuer: string, template: string): string | undefined {
  const [before = '', after = ''] = template.split('{tid}')
  if (!issuer.startsWith(before) || !issuer.endsWith(after)) return undefined
  const tenant = issuer.slice(before.length, issuer.length - after.length)
  return GUID.test(tenant) ? tenant : undefined
}
