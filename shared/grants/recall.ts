import { GatewayError } from '../errors.ts'
import type { Through } from '../identity/principal.ts'
import { judgeChain, readChain } from './chain.ts'
import type { Credential } from './credential.ts'
import { type PresentDeps, throughOf } from './present.ts'

/**
 * The limits of a grant by its id alone, for what was made through it and rests on it, such as a handle: alive, and with every
 * ancestor alive. Throws GatewayError `access_denied` with the reason,
 * `approval_required` when its approvals count no more, `storage_unavailable`, `keys_unavailable`.
 */
export async function recall(id: string, deps: PresentDeps): Promise<Through> {
  const own = await deps.store.read(id)
  if (typeof own === 'string') throw dead(`grant_${own}`)
  const { terms, status, sha } = own
  const { chain, boundTo } = terms
  const { generation, expiresAt } = status
  const credential: Credential = { id, chain, sha, generation, expiresAt, ...(boundTo !== undefined && { boundTo }) }
  const judged = judgeChain(credential, await readChain(credential, deps), deps)
  if (typeof judged === 'string') throw dead(judged)
  return throughOf(credential, judged, deps)
}

const dead = (reason: string) => new GatewayError('access_denied', reason)
