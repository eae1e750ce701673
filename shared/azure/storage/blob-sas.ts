import type { SasOrder, SasPlace } from '../../tokens/storage/sas.ts'
import { sharedOnce } from '../once.ts'
import { type DelegationKey, libraryKey } from './delegation-key.ts'

/** The oldest version that knows everything we sign: not every cloud has the SDK's newest. */
export const SAS_VERSION = '2025-07-05'

const LETTERS = {
  read: 'r',
  add: 'a',
  create: 'c',
  write: 'w',
  delete: 'd',
  list: 'l',
  tag: 't',
  move: 'm',
  execute: 'e',
} as const

const sdk = sharedOnce(() => import('@azure/storage-blob'))

/** A SAS of the blob service, signed by its own library; `sdd` of a directory comes from its path. */
export async function signBlobSas(order: SasOrder & { place: SasPlace & { service: 'blob' } }, key: DelegationKey) {
  const { BlobSASPermissions, ContainerSASPermissions, SASProtocol, generateBlobSASQueryParameters } = await sdk()
  const { place, holder, address } = order
  const letters = order.permissions.map((permission) => LETTERS[permission as keyof typeof LETTERS]).join('')
  const permissions = place.kind === 'container' ? ContainerSASPermissions : BlobSASPermissions
  const values = {
    version: SAS_VERSION,
    containerName: place.container,
    ...(place.path && { blobName: place.path, isDirectory: place.kind === 'directory' }),
    permissions: permissions.parse(letters),
    protocol: SASProtocol.Https,
    expiresOn: new Date(order.expiresAt * 1_000),
    correlationId: order.correlationId,
    ...(address && { ipRange: address }),
    ...(holder?.how === 'recorded' && { preauthorizedAgentObjectId: holder.objectId }),
    ...(holder?.how === 'required' && { delegatedUserObjectId: holder.objectId }),
  }
  return key.value.within((value) =>
    generateBlobSASQueryParameters(values, libraryKey(key, value), place.account).toString(),
  )
}
