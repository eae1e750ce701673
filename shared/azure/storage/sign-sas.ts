import { GatewayError } from '../../errors.ts'
import type { SignSas } from '../../tokens/storage/sas.ts'
import { signBlobSas } from './blob-sas.ts'
import { createDelegationKeys, type DelegationKeyDeps } from './delegation-key.ts'
import { signQueueOrTableSas } from './queue-table-sas.ts'

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
    const text =
      place.service === 'blob'
        ? await signBlobSas({ ...order, place }, key)
        : signQueueOrTableSas({ ...order, place }, key)
    return { text, signer: { tenant: key.tenant, objectId: key.objectId }, source }
  }
}

const FOREIGN_HOLDER = 'this target is for principals of the tenant of its storage account only'
