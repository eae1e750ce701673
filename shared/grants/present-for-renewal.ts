import type { Principal } from '../identity/principal.ts'
import type { StoredContext } from './access-context.ts'
import { endOf, judgeChain, type ReadGrant, readChain } from './chain.ts'
import type { Credential } from './credential.ts'
import { OWN, type PresentDeps, principalOf, refuse } from './present.ts'
import { refuseClone, type TellClone } from './renew.ts'
import type { Shown } from './renewals.ts'

/**
 * Like `present`, but an old credential of a living grant, ended or not, counts as what it is: it says that there are two
 * holders, and the renewal has to hear that. Throws `grant_locked` where it said so before.
 */
export async function presentForRenewal(
  token: string,
  provenKey: string | undefined,
  deps: PresentDeps & TellClone,
): Promise<{ principal: Principal; shown: Shown }> {
  const credential = await deps.credentials.read(token, { ended: true })
  if (typeof credential === 'string') return refuse(credential, deps)
  const read = await readChain(credential, deps)
  const newest = newestOf(credential, read.at(-1))
  const chain = judgeChain(newest, read, deps)
  const own = read.at(-1) as StoredContext
  if (chain === 'grant_locked') {
    deps.refused(OWN, chain)
    return refuseClone(own, deps)
  }
  // INVARIANT: judged so at each reading: who is overtaken in the middle of a renewal has to come to the lock.
  const principal = await principalOf({ credential: newest, chain, provenKey }, { ...deps, judgedAs: newestOf })
  const above = (read as StoredContext[]).slice(0, -1)
  const notAfter = Math.min(own.terms.validatedAt + deps.maxSeconds * 1_000, endOf(above, deps.maxSeconds))
  return { principal, shown: { context: own, generation: credential.generation, notAfter } }
}

/** The credential that the holder of an old one should have. */
function newestOf(credential: Credential, own: ReadGrant | undefined): Credential {
  if (own === undefined || typeof own === 'string' || own.status.generation <= credential.generation) return credential
  const { generation, expiresAt } = own.status
  return { ...credential, generation, expiresAt }
}
