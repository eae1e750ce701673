import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import type { JSONWebKeySet } from 'jose'
import { getJson } from '../get-json.ts'
import { createIssuerKeys } from '../identity/issuer-keys.ts'
import type { IssuerKeys } from './outside-token.ts'

const ENTRA = /^https:\/\/(?:sts\.windows\.net\/([0-9a-f-]{36})\/|login\.microsoftonline\.com\/([0-9a-f-]{36})\/v2\.0)$/

/** Entra's issuers are the local identity server; every other issuer must be on the loopback. */
export function createCloudIssuerKeys(caPath: string, identity: string): IssuerKeys {
  const loopback = createIssuerKeys(caPath)
  const agent = new Agent({ ca: readFileSync(caPath) })
  return async (issuer) => {
    const [, v1, v2] = ENTRA.exec(issuer) ?? []
    const tenant = v1 ?? v2
    if (!tenant) return loopback(issuer)
    return (await getJson(`${identity}/${tenant}/discovery/keys`, agent).catch(() => undefined)) as
      | JSONWebKeySet
      | undefined
  }
}
