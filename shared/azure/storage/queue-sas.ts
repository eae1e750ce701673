import type { SasOrder, SasPlace } from '../../tokens/storage/sas.ts'
import { sharedOnce } from '../once.ts'
import { SAS_VERSION } from './blob-sas.ts'
import { type DelegationKey, libraryKey } from './delegation-key.ts'

const LETTERS = { read: 'r', add: 'a', update: 'u', process: 'p' } as const

const sdk = sharedOnce(() => import('@azure/storage-queue'))

/** A SAS of the queue service, preview, signed by its own library. The service has no field for a correlation id. */
export async function signQueueSas(order: SasOrder & { place: SasPlace & { service: 'queue' } }, key: DelegationKey) {
  const { QueueSASPermissions, SASProtocol, generateQueueSASQueryParameters } = await sdk()
  const { place, holder, address } = order
  const letters = order.permissions.map((permission) => LETTERS[permission as keyof typeof LETTERS]).join('')
  const values = {
    version: SAS_VERSION,
    queueName: place.queue,
    permissions: QueueSASPermissions.parse(letters),
    protocol: SASProtocol.Https,
    expiresOn: new Date(order.expiresAt * 1_000),
    ...(address && { ipRange: address }),
    ...(holder && { delegatedUserObjectId: holder.objectId }),
  }
  return key.value.within((value) =>
    generateQueueSASQueryParameters(values, libraryKey(key, value), place.account).toString(),
  )
}
