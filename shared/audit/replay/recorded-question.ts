import type { Principal, Through } from '../../identity/principal.ts'
import type { DoorQuestion } from '../../policy/judge.ts'
import type { Satisfied } from '../../policy/unmet-obligation.ts'
import type { DecidedEntry, EntryGrant, EntryPrincipal } from '../entry.ts'

export type RecordedQuestion = { question: DoorQuestion; satisfies: Satisfied; at: number }

/**
 * The question that an entry answers, as the door asked it; undefined where the entry does not hold all of it: claims were
 * cut because it was too long, or it was written by a build that kept less.
 */
export function recordedQuestion(entry: DecidedEntry): RecordedQuestion | undefined {
  const { action, resource, context, breakGlass, entitled, satisfies = [], actor, grantChain, cut } = entry
  const at = Date.parse(entry.time)
  const isWhole = cut === undefined && Number.isFinite(at) && !(grantChain && !entry.grant && !entry.actorGrant)
  const principal = recordedPrincipal(entry.principal, entry.grant, entry)
  const acting = actor && recordedPrincipal(actor.principal, entry.actorGrant, entry)
  if (!isWhole || !principal || (actor && !acting)) return undefined
  // What came through a break-glass grant is said by the grant; the question says it where one is opened.
  const opens = breakGlass && !entry.grant?.breakGlass && !entry.actorGrant?.breakGlass
  const optional = { ...(opens && { breakGlass }), ...(entitled && { entitled }), ...(acting && { actor: acting }) }
  const met = new Set(satisfies.filter((name) => name === 'oneTime' || name === 'approval'))
  return { question: { principal, action, resource, context, ...optional }, satisfies: met, at }
}

/** The principal that `decide` saw; undefined where its id or subject does not say who it was. */
export function recordedPrincipal(
  { claims, ...entry }: EntryPrincipal,
  grant: EntryGrant | undefined,
  { grantChain = [], time }: Pick<DecidedEntry, 'grantChain' | 'time'>,
): Principal | undefined {
  const identity = identityOf(entry, claims)
  if (!identity) return undefined
  const at = Date.parse(time)
  const through = grant && { through: recordedGrant(grant, grantChain) }
  return { ...entry, claims: withoutPrototype(claims), ...identity, expiresAt: at, validatedAt: at, ...through }
}

function identityOf({ id, kind, partial }: Omit<EntryPrincipal, 'claims'>, claims: EntryPrincipal['claims']) {
  const [, realm, name, ...more] = id.split(':')
  if (!realm || !name || more.length > 0) return undefined
  if (kind === 'oidc') return { subject: Buffer.from(name, 'base64url').toString() }
  const subject = partial ? name : claims['sub']
  return typeof subject === 'string' ? { tenant: realm, objectId: name, subject } : undefined
}

/** It says what it said then, and takes no use. */
function recordedGrant({ covers, approvedBy = [], breakGlass }: EntryGrant, chain: readonly string[]): Through {
  return { chain, covers: () => covers, approvedBy, ...(breakGlass && { breakGlass }), use: async () => {} }
}

const withoutPrototype = (claims: EntryPrincipal['claims']): Principal['claims'] =>
  Object.assign(Object.create(null), claims)
