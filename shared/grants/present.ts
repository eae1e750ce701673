import { GatewayError } from '../errors.ts'
import { freezeClaims } from '../identity/claims.ts'
import { isJsonObject } from '../identity/jwt.ts'
import type { Principal, Through } from '../identity/principal.ts'
import { isRefused } from '../identity/refusal.ts'
import { ACTIONS, type Action } from '../policy/actions.ts'
import type { RootPrincipal, StoredContext } from './access-context.ts'
import type { LoadApprovals } from './approval-rows.ts'
import { approversOf } from './approvers.ts'
import { type Chain, type ChainDeps, type DeadReason, endOf, judgeChain, type ReadGrant, readChain } from './chain.ts'
import { coversOf, isManagement } from './covers.ts'
import type { Credential, Credentials } from './credential.ts'
import type { OpenItems } from './open-items.ts'
import { takeOf, type Uses } from './uses.ts'

export type PresentDeps = ChainDeps & {
  credentials: Pick<Credentials, 'read'>
  uses: Uses
  loadApprovals: LoadApprovals
  openItems: OpenItems
  /** The trusted document of exactly this `iss`: an issuer that lost its trust takes its principals' grants with it. */
  issuerOf(iss: string): { name: string } | undefined
  /** As which credential the presented one is judged, with its grant as it stands; as itself where absent. */
  judgedAs?(credential: Credential, own: ReadGrant | undefined): Credential
  /** Counts for the journal's `refused` entries. */
  refused(issuerName: string, reason: string): void
}

/** Issuer of grants' credentials in `refused` entries: the gateway itself. */
export const OWN = 'own'

/** How long a reading of the chain holds for an act that changes nothing: the rest of an ordinary request. */
const FRESH_MS = 1_000

/**
 * Makes the root principal of a grant's credential, with the limits of the chain. Throws GatewayError `invalid_token` with the
 * reason, `approval_required` while it is pending, `storage_unavailable`, `keys_unavailable`.
 */
export async function present(token: string, provenKey: string | undefined, deps: PresentDeps): Promise<Principal> {
  const credential = await deps.credentials.read(token)
  if (typeof credential === 'string') return refuse(credential, deps)
  const chain = judgeChain(credential, await readChain(credential, deps), deps)
  return principalOf({ credential, chain, provenKey }, deps)
}

type Presented = { credential: Credential; chain: Chain | DeadReason; provenKey: string | undefined }

/** The root with the limits of the chain; throws like {@link present} when that is dead. */
export async function principalOf({ credential, chain, provenKey }: Presented, deps: PresentDeps): Promise<Principal> {
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
    through: await throughOf(credential, chain, deps),
  })
}

export function refuse(reason: string, deps: PresentDeps): never {
  deps.refused(OWN, reason)
  throw asRefusal(reason, 'invalid_token')
}

const asRefusal = (reason: string, code: 'invalid_token' | 'access_denied') =>
  new GatewayError(reason.endsWith('_pending') ? 'approval_required' : code, reason)

function isTrusted({ claims, issuerName }: RootPrincipal, { issuerOf }: PresentDeps): boolean {
  return isJsonObject(claims) && issuerOf(String(claims['iss']))?.name === issuerName
}

/** The limits of a chain that is alive, as a principal has them. Throws `approval_required` while too few approvals count. */
export async function throughOf(credential: Credential, chain: Chain, deps: PresentDeps): Promise<Through> {
  const presented = chain[chain.length - 1] as StoredContext
  const { id, maxUses, actions, resources } = presented.terms
  const readAt = deps.now()
  const breakGlass = chain.some(({ terms }) => terms.breakGlass)
  const approvers = await approversOf(chain, deps.loadApprovals)
  const needApprovals = () => {
    if (!approvers.suffice()) throw new GatewayError('approval_required', 'grant_approval_withdrawn')
  }
  needApprovals()
  return Object.freeze({
    chain: credential.chain,
    covers: coversOf(chain),
    offers: { actions, resources },
    get approvedBy() {
      return approvers.approvedBy()
    },
    ...(breakGlass && { breakGlass }),
    async use(act: Parameters<Through['use']>[0]) {
      needApprovals()
      // Before the value leaves: what was read in an emergency is rotated afterwards, so it must be known.
      if (breakGlass && GIVES_VALUES.has(act.action)) await noteRead(presented, act.resource, deps)
      const counts = maxUses !== undefined && !isManagement(act.action, act.resource, id)
      if (!counts && !mutates(act.action) && Math.abs(deps.now() - readAt) < FRESH_MS) return
      const ancestors = await readChain({ ...credential, chain: credential.chain.slice(0, -1) }, deps)
      const check = (own: ReadGrant) =>
        stillGood(deps.judgedAs?.(credential, own) ?? credential, [...ancestors, own], deps)
      if (counts) await deps.uses.take({ id, maxUses, check }, takeOf(act))
      else check(await deps.store.read(id))
    },
  })
}

/** A handle is redeemed under the use that was taken when it was made. */
const GIVES_VALUES: ReadonlySet<string> = new Set<Action>(['secret:get', 'handle:create'])

const noteRead = ({ terms }: StoredContext, resource: string, { openItems }: PresentDeps) =>
  openItems.add({ event: 'breakglass.read', grant: terms.id, root: terms.principal, resource })

/** What is unknown counts as what it might be. */
const mutates = (action: string) => ACTIONS[action as Action]?.mask !== 'READ'

/** Throws `access_denied` with the reason when the chain has died since it was presented (T11). */
function stillGood(credential: Credential, read: readonly ReadGrant[], deps: PresentDeps): StoredContext {
  const chain = judgeChain(credential, read, deps)
  if (typeof chain === 'string') throw asRefusal(chain, 'access_denied')
  return chain[chain.length - 1] as StoredContext
}
