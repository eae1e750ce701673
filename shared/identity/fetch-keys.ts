import { type KeyLocation, readJwksUri } from './discovery.ts'
import type { FetchJson } from './fetch-json.ts'
import type { TrustedIssuer } from './issuer.ts'
import { type KeySet, readKeySet } from './key-set.ts'
import { LIMITS } from './limits.ts'

type Source = { issuer: TrustedIssuer; location: KeyLocation; fetchJson: FetchJson }

/** Discovery, then the set. `undefined` for whatever went wrong: unreachable, oversized, not JSON, not this issuer's. */
export async function fetchKeys(
  { issuer, location, fetchJson }: Source,
  before: KeySet | undefined,
): Promise<KeySet | undefined> {
  const limits = { maxBytes: LIMITS.maxDocumentBytes, timeoutMs: LIMITS.fetchTimeoutMs }
  const { discovery, jwksUri, keyIssuers } = location
  try {
    const uri = jwksUri ?? (discovery && readJwksUri(await fetchJson(discovery, limits), issuer.issuer, location))
    if (!uri) return undefined
    const rules = { algorithms: issuer.algorithms, ...(keyIssuers && { issuers: keyIssuers }) }
    return readKeySet(await fetchJson(uri, limits), rules, before)
  } catch {
    return undefined
  }
}
