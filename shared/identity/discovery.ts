import { CLOUDS, type CloudName } from '../azure/clouds.ts'
import { type EntraIssuer, parseEntraIssuer } from './entra-issuer.ts'
import type { TrustedIssuer } from './issuer.ts'
import { isJsonObject } from './jwt.ts'

/** Where the keys of an issuer are looked for, and what they may say of themselves. */
export type KeyLocation = {
  /** OIDC discovery document; absent when the issuer's document names its key set. */
  discovery?: string
  jwksUri?: string
  /** Origins a discovered `jwks_uri` may lie on (T2: no document of others sends us anywhere else). */
  origins: readonly string[]
  /** Values of a key's own `issuer` member; only Entra writes one. */
  keyIssuers?: readonly string[]
}

/**
 * Pure: from the trusted document alone. `undefined` when its issuer is no plain https URL. `cloud` decides between
 * clouds that write the same v1 issuer.
 */
export function locateKeys(issuer: TrustedIssuer, cloud: CloudName): KeyLocation | undefined {
  const entra = parseEntraIssuer(issuer.issuer)
  const url = URL.parse(issuer.issuer)
  if (url?.protocol !== 'https:' || url.username || url.password || url.search || url.hash) return undefined
  const location = entra ? locateEntra(entra, issuer.issuer, cloud) : { origins: [url.origin] }
  if (issuer.jwksUri) return { ...location, jwksUri: issuer.jwksUri }
  return { discovery: wellKnown(issuer.issuer), ...location }
}

/**
 * v1 issuers are read at the authority of the cloud, as documented: `sts.windows.net` stands for two clouds. The keys of
 * one cloud serve all its tenants; each says for which (`{tenantid}` = any), else a foreign tenant's key would do (T4).
 */
function locateEntra({ tenant, version, clouds }: EntraIssuer, issuer: string, cloud: CloudName) {
  const home = clouds.includes(cloud) ? cloud : (clouds[0] ?? cloud)
  const { authority, issuers } = CLOUDS[home]
  const keyIssuers = [issuer, issuers.v2.replace('{tid}', tenant)]
  return {
    ...(version === '1.0' && { discovery: wellKnown(`${authority}/${tenant}`) }),
    origins: [authority, new URL(issuer).origin],
    keyIssuers: [...keyIssuers, issuers.v1.replace('{tid}', '{tenantid}'), issuers.v2.replace('{tid}', '{tenantid}')],
  }
}

/** OIDC Discovery §4: appended to the path, a terminating slash removed first. */
const wellKnown = (issuer: string) => `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`

/** `jwks_uri` of a discovery document that speaks for exactly this issuer and stays on its host; else `undefined`. */
export function readJwksUri(document: unknown, issuer: string, { origins }: KeyLocation): string | undefined {
  if (!isJsonObject(document) || document['issuer'] !== issuer) return undefined
  const uri = document['jwks_uri']
  const url = typeof uri === 'string' ? URL.parse(uri) : null
  if (!url || url.username || url.password || !origins.includes(url.origin)) return undefined
  return url.protocol === 'https:' ? url.href : undefined
}
