import { createHash } from 'node:crypto'

/** What a cached token depends on. INVARIANT: two identities never share one (T21). */
export type BrokerKey = {
  tenant?: string
  /** Whose token it is, and how it is got: `app:<client id>`, `managed:<id>`. */
  identity: string
  resource: string
  scopes?: readonly string[]
}

/** Unambiguous: JSON of the parts, so that no part can spill into the next; the order of scopes does not matter. */
export function cacheId({ tenant = '', identity, resource, scopes = [] }: BrokerKey, claims = ''): string {
  return JSON.stringify([tenant, identity, resource, scopes.toSorted(), claims && sha256Hex(claims)])
}

/** The credential itself, whatever it is used for: a wrong password is wrong for every resource. */
export const credentialId = ({ tenant = '', identity }: BrokerKey) => JSON.stringify([tenant, identity])

/** Hexadecimal SHA-256, the form in which Service Fabric names a token (`token_sha256_to_refresh`). */
export const sha256Hex = (text: string) => createHash('sha256').update(text).digest('hex')
