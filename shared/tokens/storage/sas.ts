import type { SasPermission } from '../../policy/documents/target-kinds/storage-sas.ts'

/** What a SAS opens: one thing in one service of one account. */
export type SasPlace = { endpoint: string; account: string } & (
  | { service: 'blob'; kind: 'container' | 'directory' | 'blob'; container: string; path: string }
  | { service: 'queue'; kind: 'queue'; queue: string }
  | { service: 'table'; kind: 'table'; table: string }
)

/** One IPv4 address, or a range with both ends in it. */
export type SasAddress = { start: string; end?: string }

/** Everything that is signed but the key. */
export type SasOrder = {
  place: SasPlace
  permissions: readonly SasPermission[]
  /** Whole seconds since the epoch. */
  expiresAt: number
  address?: SasAddress
  /** A GUID, `scid`: storage logs join the journal by it. Blob service only. */
  correlationId: string
  /** Entra object id and tenant of whom it is for; `required` = the holder must prove to be that principal. */
  holder?: { how: 'recorded' | 'required'; objectId: string; tenant: string }
}

export type SignedSas = {
  /** The query string, without `?`. */
  text: string
  /** Whose delegation key signed it: the SAS speaks in this principal's name. */
  signer: { tenant: string; objectId: string }
  /** Where the delegation key came from. */
  source: 'cache' | 'identity_provider'
}

/** Signs with a user delegation key of the account. Throws `upstream_unavailable`, `upstream_refused` or `invalid_request`. */
export type SignSas = (order: SasOrder) => Promise<SignedSas>
