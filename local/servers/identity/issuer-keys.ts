import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import type { JSONWebKeySet } from 'jose'
import { getJson } from '../get-json.ts'

/**
 * Keys of an outside issuer for federated credentials, by its discovery document. A local run reaches only 127.0.0.1 (the
 * gateway's own issuer among others), never the Internet; undefined when the issuer is elsewhere or does not answer.
 */
export function createIssuerKeys(caPath: string): (issuer: string) => Promise<JSONWebKeySet | undefined> {
  const agent = new Agent({ ca: readFileSync(caPath) })
  return async (issuer) => {
    if (!isLocal(issuer)) return undefined
    try {
      const found = await getJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, agent)
      const uri = (found as { jwks_uri?: unknown }).jwks_uri
      if (typeof uri !== 'string' || !isLocal(uri)) return undefined
      return (await getJson(uri, agent)) as JSONWebKeySet
    } catch {
      return undefined
    }
  }
}

const isLocal = (url: string) => URL.parse(url)?.hostname === '127.0.0.1'
