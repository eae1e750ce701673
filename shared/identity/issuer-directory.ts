import type { CloudName } from '../azure/clouds.ts'
import { createGrowingCache } from '../growing-cache.ts'
import { locateKeys } from './discovery.ts'
import type { FetchJson } from './fetch-json.ts'
import type { TrustedIssuer } from './issuer.ts'
import { createIssuerKeys, type IssuerKeys, type IssuerStatus } from './issuer-keys.ts'
import { LIMITS } from './limits.ts'

export type IssuerDirectory = {
  /** Keys of an issuer, one object per issuer whatever the policy revision; `undefined` when its URL is no https URL. */
  keysOf(issuer: TrustedIssuer): IssuerKeys | undefined
  /** By issuer URL; of an issuer whose document changed, the latest. */
  status(): Record<string, IssuerStatus>
}

/** Keeps what was learnt about issuers over reloads of the policy set: only what decides their keys makes a new entry. */
export function createIssuerDirectory(deps: {
  fetchJson: FetchJson
  now(): number
  cloud: CloudName
}): IssuerDirectory {
  const known = createGrowingCache<{ issuer: string; keys: IssuerKeys }>({ count: LIMITS.issuers })
  return {
    keysOf(issuer) {
      const identity = JSON.stringify([issuer.issuer, issuer.jwksUri, issuer.algorithms])
      const found = known.get(identity)
      if (found) return found.keys
      const location = locateKeys(issuer, deps.cloud)
      if (!location) return undefined
      const keys = createIssuerKeys({ ...deps, issuer, location })
      known.set(identity, { issuer: issuer.issuer, keys })
      return keys
    },
    status: () => {
      const latestLast = [...known.values()].toReversed()
      return Object.fromEntries(latestLast.map(({ issuer, keys }) => [issuer, keys.status()]))
    },
  }
}
