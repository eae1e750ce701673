import { randomBytes } from 'node:crypto'
import type { StorageService } from './place.ts'
import type { SasFields } from './string-to-sign.ts'

/** Whom a key was given to and for what; times as the service writes them, `2026-11-25T09:00:00Z`. */
export type KeyWanted = {
  account: string
  service: StorageService
  objectId: string
  tenant: string
  start: string
  expiry: string
  version: string
  /** Of the one user of a SAS, where that is another tenant than the key's own. */
  delegatedTenant?: string
}

/** The keys of all accounts, in memory: a SAS ends with the process. */
export type DelegationKeys = {
  /** The same key for the same wish. `value` is base64. */
  issue(wanted: KeyWanted): { value: string }
  /** The key that a SAS says it is signed with; undefined for one that this server never gave. */
  ofSas(account: string, fields: SasFields): Buffer | undefined
}

export function createDelegationKeys(): DelegationKeys {
  const values = new Map<string, Buffer>()
  return {
    issue({ account, service, objectId, tenant, start, expiry, version, delegatedTenant = '' }) {
      const id = idOf([account, objectId, tenant, start, expiry, letterOf(service), version, delegatedTenant])
      const value = values.get(id) ?? randomBytes(32)
      values.set(id, value)
      return { value: value.toString('base64') }
    },
    ofSas: (account, fields) => values.get(idOf([account, ...SIGNED.map((name) => fields.get(name) ?? '')])),
  }
}

const SIGNED = ['skoid', 'sktid', 'skt', 'ske', 'sks', 'skv', 'skdutid']

const idOf = (parts: readonly string[]) => JSON.stringify(parts)

/** `sks`, SignedService. */
export const letterOf = (service: StorageService) => service.charAt(0)
