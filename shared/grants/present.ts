import { GatewayError } from '../errors.ts'
import { freezeClaims } from '../identity/claims.ts'
import { isJsonObject } from '../identity/jwt.ts'
import type { Principal, Through } from '../identity/principal.ts'
import { isRefused } from '../identity/refusal.ts'
import { ACTIONS, type Action } from '../policy/actions.ts'
import type { RootPrincipal, StoredContext } from './access-context.ts'
import { type Chain, type ChainDeps, type DeadReason, endOf, judgeChain, type ReadGrant, readChain } from './chain.ts'
import { coversOf, isManagement } from './covers.ts'
import type { Credential, Credentials } from './credential.ts'
import { takeOf, type Uses } from './uses.ts'

export type PresentDeps = ChainDeps & {
  credentials: Pick<Credentials, 'read'>
  uses: Uses
  /** The trusted document of exactly this `iss`: an issuer that lost its trust takes its principals' grants with it. */
  issuerOf(iss: string): { name: string } | undefined
  /** Counts for the journal's `refused` entries. */
  refused(issuerName: string, reason: string): void
}

/** Issuer of grants' credentials in `refused` entries: the gateway itself. */
const OWN = 'own'

/** How long a reading of the chain holds for an act that changes nothing: the rest of an ordinary request. */
const FRESH_MS = 1_000

/** A presented grant as it stands in storage; `chain` is why it is dead, if it is. */
export type Presented = { credential: Credential; read: readonly ReadGrant[]; chain: Chain | DeadReason }

/**
 * Makes the root principal of a grant's credential, with the limits of the chain. Throws GatewayError `invalid_token` with the
 * reason, `approval_required` while it is pending, `storage_unavailable`, `keys_unavailable`.
 */
export async function present(token: string, provenKey: string | undefined, deps: PresentDeps): Promise<Principal> {
  const { credential, chain } = await inspect(token, deps)
  if (typeof chain === 'string') return refuse(chain, deps)
  if (credential.boundTo !== undefined && credential.boundTo !== provenKey) return refuse('token_bound', deps)
  const [{ root }] = chain
  if (!root || !isTrusted(root, deps)) return refuse('grant_issuer_not_trusted', deps)
  const claims = freezeClaims(root.claims)
  if (isRefused(claims)) return refuse(claims.refused, deps)
  return Object.freeze({
    ...root,
    claims,
    ...(credential.boundTo !== undefined && { boundTo: credential.boundTo }),
    expiresAt: endOf(chain, deps.maxSeconds),
    validatedAt: chain[0].terms.validatedAt,
    through: throughOf(credential, chain, deps),
  })
}

/** The same without a verdict, for a renewal: that one has to know an old credential when it sees it. */
export async function inspect(token: string, deps: PresentDeps): Promise<Presented> {
  const credential = await deps.credentials.read(token)
  if (typeof credential === 'string') return refuse(credential, deps)
  const read = await readChain(credential, deps)
  return { credential, read, chain: judgeChain(credential, read, deps) }
}

function refuse(reason: string, deps: PresentDeps): never {
  deps.refused(OWN, reason)
  throw asRefusal(reason, 'invalid_token')
}

const asRefusal = (reason: string, code: 'invalid_token' | 'access_denied') =>
  new GatewayError(reason.endsWith('_pending') ? 'approval_required' : code, reason)

function isTrusted({ claims, issuerName }: RootPrincipal, { issuerOf }: PresentDeps): boolean {
  return isJsonObject(claims) && issuerOf(String(claims['iss']))?.name === issuerName
}

/** The limits of a chain that is alive, as a principal has them. */
export function throughOf(credential: Credential, chain: Chain, deps: PresentDeps): Through {
  const presented = chain[chain.length - 1] as StoredContext
  const { id, maxUses, actions, resources } = presented.terms
  const readAt = deps.now()
  const breakGlass = chain.some(({ terms }) => terms.breakGlass)
  return Object.freeze({
    chain: credential.chain,
    covers: coversOf(chain),
    offers: { actions, resources },
    approvedBy: approvedBy(chain),
    ...(breakGlass && { breakGlass }),
    async use(act) {
      const counts = maxUses !== undefined && !isManagement(act.action, act.resource, id)
      if (!counts && !mutates(act.action) && Math.abs(deps.now() - readAt) < FRESH_MS) return
      const ancestors = await readChain({ ...credential, chain: credential.chain.slice(0, -1) }, deps)
      const check = (own: ReadGrant) => stillGood(credential, [...ancestors, own], deps)
      if (counts) await deps.uses.take({ id, maxUses, check }, takeOf(act))
      else check(await deps.store.read(id))
    },
  })
}

/** What is unknown counts as what it might be. */
const mutates = (action: string) => ACTIONS[action as Action]?.mask !== 'READ'

/** Throws `access_denied` with the reason when the chain has died since it was presented (T11). */
function stillGood(credential: Credential, read: readonly ReadGrant[], deps: PresentDeps): StoredContext {
  const chain = judgeChain(credential, read, deps)
  if (typeof chain === 'string') throw asRefusal(chain, 'access_denied')
  return chain[chain.length - 1] as StoredContext
}

/** Those who approved every grant of the chain that needed it. */
function approvedBy(chain: Chain): readonly string[] {
  const needed = chain.filter(({ terms }) => terms.approval)
  const [first, ...others] = needed.map(({ status }) => status.approvedBy)
  return (first ?? []).filter((approver) => others.every((approvers) => approvers.includes(approver)))
}
