import type { Principal } from '../identity/principal.ts'

/** RFC 8693 §4.1: who acts, outermost first. Nested ones are information only and decide nothing. */
export type Act = { sub: string; iss?: string; act?: Act }

/** Why a delegation is refused; internal tag. */
export type DelegationFault = { fault: 'may_act_differs' | 'act_malformed' | 'act_too_deep' | 'act_cycle' }

/** Chains longer than this are nobody's intention; each link makes every token longer. */
const MAX_DEPTH = 4

/**
 * The `act` claim of a token in which `actor` (absent: nobody else) acts for `subject`, on top of the chain that the
 * subject's token already tells. `issuer` is the gateway's own: what its tokens say in `act` are principal ids. Pure. INVARIANT: only `sub` and `iss` are carried over; `exp`, `nbf` and `aud` have no
 * meaning inside `act`.
 */
export function delegate(
  subject: Principal,
  actor: Principal | undefined,
  issuer: string,
): { act?: Act } | DelegationFault {
  // A token that names who may act is meant for that one to act with: not even its own subject goes without.
  if (!mayAct(subject, actor ?? subject)) return { fault: 'may_act_differs' }
  const chain = readChain(subject)
  if (!chain) return { fault: 'act_malformed' }
  if (!actor) return chain.length > MAX_DEPTH ? { fault: 'act_too_deep' } : nest(chain)
  const isActor = isLinkOf(actor, issuer)
  // Whoever acts already and hands its own token on is no new link.
  const below = chain[0] && isActor(chain[0]) ? chain.slice(1) : chain
  if (below.some(isActor)) return { fault: 'act_cycle' }
  if (below.length >= MAX_DEPTH) return { fault: 'act_too_deep' }
  return nest([{ sub: actor.id }, ...below])
}

/**
 * RFC 8693 §4.4: whom the subject's token lets act. Absent: policy alone decides. Each member must equal the actor's own
 * claim, and `iss` is the subject's issuer unless it says otherwise; what names no `sub`, or cannot be compared, names nobody.
 */
function mayAct(subject: Principal, actor: Principal): boolean {
  const claim = subject.claims['may_act']
  if (claim === undefined) return true
  if (!isObject(claim) || typeof claim['sub'] !== 'string') return false
  const wanted = { iss: subject.claims['iss'], ...claim }
  return Object.entries(wanted).every(([name, value]) => typeof value === 'string' && actor.claims[name] === value)
}

type Link = { iss: string; sub: string }

/** Outermost first; undefined when it does not have the form of RFC 8693. */
function readChain({ claims }: Principal): Link[] | undefined {
  const chain: Link[] = []
  for (let act = claims['act']; act !== undefined; act = (act as Record<string, unknown>)['act']) {
    if (!isObject(act)) return undefined
    const { sub, iss = claims['iss'] } = act
    if (typeof sub !== 'string' || typeof iss !== 'string') return undefined
    chain.push({ iss, sub })
  }
  return chain
}

const isLinkOf =
  ({ id, claims, subject }: Principal, issuer: string) =>
  (link: Link) =>
    link.iss === issuer ? link.sub === id : link.sub === subject && link.iss === claims['iss']

function nest(chain: readonly Act[]): { act?: Act } {
  let nested: { act?: Act } = {}
  for (const link of chain.toReversed()) nested = { act: { ...link, ...nested } }
  return nested
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
