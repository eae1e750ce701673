import { GatewayError } from '../../errors.ts'
import type { SasOrder, SignSas } from '../../tokens/storage/sas.ts'
import { signBlobSas } from './blob-sas.ts'
import { createDelegationKeys, type DelegationKey, type DelegationKeyDeps } from './delegation-key.ts'
import { signQueueSas } from './queue-sas.ts'
import { signTableSas } from './table-sas.ts'

/** Signs SAS of every storage service with user delegation keys of the gateway's identity. */
export function createSasSigner(deps: DelegationKeyDeps): SignSas {
  const delegationKey = createDelegationKeys(deps)
  return async (order) => {
    const { place } = order
    const { key, source } = await delegationKey(place.endpoint)
    // Another tenant's holder would need a key that was fetched for that tenant.
    if (order.holder?.how === 'required' && order.holder.tenant !== key.tenant) {
      throw new GatewayError('invalid_request', 'sas_holder_of_another_tenant', { detail: FOREIGN_HOLDER })
    }
    const text = await signed(order, key)
    return { text, signer: { tenant: key.tenant, objectId: key.objectId }, source }
  }
}

function signed({ place, ...order }: SasOrder, key: DelegationKey): Promise<string> | string {
  switch (place.service) {
    case 'blob':
      return signBlobSas({ ...order, place }, key)
    case 'queue':
      return signQueueSas({ ...order, place }, key)
    case 'table':
      return signTableSas({ ...order, place }, key)
  }
}

const FOREIGN_HOLDER = 'this target is for principals of the tenant of its storage account only'
