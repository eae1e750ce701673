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

/** Every way an Azure cloud writes an issuer, cut where the tenant stands. */
const FORMS = Object.entries(CLOUDS).flatMap(([cloud, { issuers }]) =>
  (['v1', 'v2'] as const).map((version) => {
    const [before = '', after = ''] = issuers[version].split('{tid}')
    return { cloud: cloud as CloudName, version: version === 'v1' ? '1.0' : '2.0', before, after } as const
  }),
)

/** Reads tenant and version out of an issuer; `undefined` when no Azure cloud writes it so (`common`, a name, a slash too many). */
export function parseEntraIssuer(issuer: string): EntraIssuer | undefined {
  const fitting = FORMS.filter(({ before, after }) => issuer.startsWith(before) && issuer.endsWith(after))
  const [form] = fitting
  if (!form) return undefined
  const tenant = issuer.slice(form.before.length, issuer.length - form.after.length)
  if (!GUID.test(tenant)) return undefined
  return { tenant, version: form.version, clouds: fitting.map(({ cloud }) => cloud) }
}
