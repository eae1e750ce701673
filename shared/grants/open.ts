import { createHash } from 'node:crypto'
import { hashToken } from '../audit/token-hash.ts'
import { GatewayError } from '../errors.ts'
import type { Ask, Gate, Grant, Prepared } from '../gate.ts'
import type { Principal } from '../identity/principal.ts'
import type { Decision, Obligations, Question } from '../policy/decision.ts'
import { tighten } from '../policy/obligations.ts'
import { unmetObligation } from '../policy/unmet-obligation.ts'
import { boundLifetime, TOO_SHORT } from '../tokens/lifetime.ts'
import { type AccessContext, newContext, type RootPrincipal, type Terms } from './access-context.ts'
import type { Credentials } from './credential.ts'
import { type OpenItems, tellOpened } from './open-items.ts'
import { type GrantRequest, isOn } from './open-request.ts'
import { SLOTS } from './slots.ts'
import type { GrantStore } from './store.ts'
import { wholePattern } from './whole-pattern.ts'

export type OpenDeps = {
  openItems: OpenItems
  store: GrantStore
  credentials: Pick<Credentials, 'sign'>
  admit: Gate['admit']
  decide: (question: Question) => Decision
  now: () => number
  maxSeconds: number
}

/** `operation` as `idempotent` gives it; `wish` has passed its schema. */
export type Opening = {
  caller: Pick<Ask<unknown>, 'txn' | 'principal' | 'context'>
  operation: { id: string; repeated: boolean; answered: boolean }
  wish: Omit<GrantRequest, 'reason'>
}

export type Opened = { context: AccessContext; credential: string; receipt: Grant['receipt'] }

/** More claims than any token that passed the gate holds; bounds the row. */
const MAX_CLAIMS_BYTES = 16 * 1024

/**
 * Opens a grant: `grant:create` is decided, and recorded, on every resource asked for, and each action on each resource of its
 * form; what is asked for more than a permit covers is refused whole. What the permits oblige to holds for the grant: a shorter
 * life, a bound credential, approvals (then it is `pending`). Throws what `admit` throws.
 */
export async function openGrant(opening: Opening, deps: OpenDeps): Promise<Opened> {
  const { operation } = opening
  const id = grantIdOf(operation.id)
  const grants = await admitAll(opening, id, deps)
  const [first] = grants
  if (!first) throw new GatewayError('internal', 'grant_without_resource')
  try {
    const obligations = grants.map(({ sealed }) => sealed).reduce(tighten)
    for (const grant of grants) grant.spend('grant:create', grant.resource)
    const context = await keep(planGrant(opening, { id, obligations }, deps), opening, deps)
    await tellOpened(context, deps.openItems)
    const credential = await deps.credentials.sign(context)
    const expiresAt = new Date(context.status.expiresAt).toISOString()
    const handout = { jti: id, reference: `grant:${id}`, tokenHash: hashToken(credential), expiresAt }
    for (const grant of grants) grant.succeeded(handout)
    return { context, credential, receipt: first.receipt }
  } catch (error) {
    for (const grant of grants.slice(1)) grant.failed(error)
    throw first.failed(error)
  }
}

/** The same operation makes the same grant. Hexadecimal: one in 64 of base64url begins with `-`, as an option does. */
const grantIdOf = (operation: string) => createHash('sha256').update(`grant|${operation}`).digest('hex').slice(0, 32)

type Admitted = Grant<Obligations> & { resource: string }

/** One entry each; when one is refused the others fail with it. What looks refused comes first, so that this is rare. */
async function admitAll(opening: Opening, id: string, deps: OpenDeps): Promise<Admitted[]> {
  const { resources } = opening.wish
  const isGood = (resource: string) => refusalOf(opening, resource, deps) === undefined
  const refused = resources.filter((resource) => !isGood(resource))
  const grants: Admitted[] = []
  // INVARIANT: every resource is admitted: the policy may have changed since, and permit what comes first.
  for (const [at, resource] of [...refused, ...resources.filter((each) => !refused.includes(each))].entries()) {
    const txn = resources.length > 1 ? `${opening.caller.txn}.${at}` : opening.caller.txn
    try {
      const grant = await deps.admit<Obligations>({ ...askFor(opening, { resource, id }, deps), txn })
      grants.push(Object.assign(grant, { resource }))
    } catch (error) {
      for (const grant of grants) grant.failed(error)
      throw error
    }
  }
  return grants
}

function askFor(
  opening: Opening,
  { resource, id }: { resource: string; id: string },
  deps: OpenDeps,
): Ask<Obligations> {
  const { caller, wish } = opening
  return {
    ...caller,
    action: 'grant:create',
    resource,
    satisfies: new Set(['approval']),
    ...(wish.breakGlass && { breakGlass: true }),
    prepare: async (obligations): Promise<Prepared<Obligations>> => {
      const refusal = refusalOf(opening, resource, deps)
      if (refusal) throw refusal
      return {
        handout: { reference: `grant:${id}` },
        sealed: demands(opening, resource, deps).reduce(tighten, obligations),
      }
    },
  }
}

/** Why this resource cannot be in the grant: before the policy is asked, by what it says, or for what it demands. */
function refusalOf(opening: Opening, resource: string, deps: OpenDeps): GatewayError | undefined {
  const { caller } = opening
  if (caller.principal.through) return new GatewayError('access_denied', 'grant_opens_no_grant')
  const decisions = decisionsOn(opening, resource, deps)
  const denied = decisions.find(({ effect }) => effect === 'deny')
  if (denied) return new GatewayError('access_denied', denied.reason)
  const { oneTime: _stays, ...total } = decisions.map(({ obligations }) => obligations).reduce(tighten)
  return unmetObligation(total, { ...caller, action: 'grant:create', satisfies: new Set(['approval']) })
}

const demands = (opening: Opening, resource: string, deps: OpenDeps) =>
  decisionsOn(opening, resource, deps).map(({ obligations }) => obligations)

/** `grant:create` and every action of that form. INVARIANT: for a pattern, only what a permit covers whole. */
function decisionsOn({ caller, wish }: Opening, resource: string, { decide }: OpenDeps): Decision[] {
  const asked = wholePattern(resource)
  const actions = ['grant:create' as const, ...wish.actions.filter((action) => isOn(action, resource))]
  const { principal, context } = caller
  const rest = { principal, context, resource: asked, ...(wish.breakGlass && { breakGlass: true as const }) }
  return actions.map((action) => decide({ ...rest, action }))
}

/** Throws `invalid_request` when less than a second would be left, `access_denied` when nobody could approve it. */
function planGrant(
  { caller, wish }: Opening,
  { id, obligations }: { id: string; obligations: Obligations },
  { now, maxSeconds }: OpenDeps,
): AccessContext {
  const { principal, context } = caller
  const { approval, breakGlass, maxTtlSeconds } = obligations
  const { validatedAt } = principal
  const notAfter = validatedAt + maxSeconds * 1_000
  const lifetime = boundLifetime({ now: now(), maxSeconds: [wish.ttl, maxTtlSeconds], notAfter })
  if (!lifetime) throw new GatewayError('invalid_request', 'lifetime_too_short', { detail: TOO_SHORT })
  if (approval && approval.approvers.filter((approver) => approver !== principal.id).length < approval.count) {
    throw new GatewayError('access_denied', 'approval_impossible')
  }
  const { reason, ticket, dpopThumbprint } = context
  const terms: Terms = {
    ...{ id, chain: [id], principal: principal.id },
    actions: [...wish.actions].sort(),
    resources: [...wish.resources].sort(),
    ...{ openedAt: now(), validatedAt },
    ...(dpopThumbprint !== undefined && { boundTo: dpopThumbprint }),
    ...(wish.maxUses !== undefined && { maxUses: wish.maxUses }),
    ...(approval && { approval }),
    ...(breakGlass && { breakGlass }),
    ...(reason && { reason }),
    ...(ticket && { ticket }),
  }
  const status = {
    ...{ state: approval ? ('pending' as const) : ('active' as const), generation: 1, approvedBy: [] },
    expiresAt: lifetime.exp * 1_000,
    ...((wish.maxUses ?? 0) > SLOTS && { usesLeft: wish.maxUses as number }),
  }
  return newContext(terms, status, rootOf(principal))
}

function rootOf(principal: Principal): RootPrincipal {
  const { expiresAt: _end, validatedAt: _at, boundTo: _key, through: _none, ...root } = principal
  if (Buffer.byteLength(JSON.stringify(root.claims)) > MAX_CLAIMS_BYTES) {
    throw new GatewayError('invalid_request', 'claims_too_large', {
      detail: 'the token holds more than 16 KiB of claims',
    })
  }
  return root
}

/** Inserts it; an earlier try of the same operation may have done so: then that one stands. */
async function keep(context: AccessContext, { operation }: Opening, { store }: OpenDeps): Promise<AccessContext> {
  if (!operation.answered && (await store.insert(context)) === 'inserted') return context
  const there = await store.read(context.terms.id)
  if (typeof there === 'string') throw new GatewayError('idempotency_expired', `grant_${there}`)
  if (there.terms.principal !== context.terms.principal) throw new GatewayError('conflict', 'grant_of_another')
  return there
}
