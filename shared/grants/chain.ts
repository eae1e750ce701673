import type { AccessContext, StoredContext } from './access-context.ts'
import { type Credential, MAX_CHAIN } from './credential.ts'
import type { GrantStore } from './store.ts'

/** Why a grant is dead: internal tags, also of the journal's `refused` entries. `ancestor`: one that it was delegated from. */
export type DeadReason =
  | `grant_${'unknown' | 'tampered' | 'pending' | 'revoked' | 'locked' | 'expired' | 'superseded' | 'chain_too_long'}`
  | `grant_ancestor_${'unknown' | 'pending' | 'revoked' | 'locked' | 'expired'}`

export type ReadGrant = StoredContext | 'unknown' | 'tampered'

/** The grants of a chain, the root's own first. */
export type Chain = readonly [StoredContext, ...StoredContext[]]

export type ChainDeps = {
  store: Pick<GrantStore, 'read'>
  now: () => number
  maxSeconds: number
  tampered(detail: { grant: string; what: string }): void
}

/** Reads every grant of the chain, all at once; costs one read each. */
export function readChain({ chain }: Credential, { store }: Pick<ChainDeps, 'store'>): Promise<ReadGrant[]> {
  return Promise.all(chain.slice(0, MAX_CHAIN).map((id) => store.read(id)))
}

/**
 * The chain that a credential stands for, or why it is dead. Whatever differs from what was signed is reported and refused:
 * an edited row, a cycle, another parent, a later end gain nothing (T14).
 */
export function judgeChain(credential: Credential, read: readonly ReadGrant[], deps: ChainDeps): Chain | DeadReason {
  const { chain, id } = credential
  if (chain.length > MAX_CHAIN) return 'grant_chain_too_long'
  for (const [at, grant] of read.entries()) {
    if (typeof grant === 'string') return grant === 'tampered' ? 'grant_tampered' : own(at, read, 'unknown')
  }
  const contexts = read as readonly StoredContext[]
  const presented = contexts.at(-1)
  const what = differs(credential, contexts)
  if (!presented || what) {
    deps.tampered({ grant: id, what: what ?? 'chain' })
    return 'grant_tampered'
  }
  if (presented.status.generation > credential.generation) return 'grant_superseded'
  for (const [at, { status }] of contexts.entries()) {
    if (status.state !== 'active') return own(at, read, status.state)
    if (endOf(contexts.slice(0, at + 1), deps.maxSeconds) <= deps.now()) return own(at, read, 'expired')
  }
  return contexts as unknown as Chain
}

/** When the last of the chain ends: with the first that ends, and never later than the maximum after the root was validated. */
export function endOf(chain: readonly AccessContext[], maxSeconds: number): number {
  const ends = chain.map(({ terms, status }) => Math.min(status.expiresAt, terms.validatedAt + maxSeconds * 1_000))
  return Math.min(...ends)
}

type Death = 'unknown' | 'pending' | 'revoked' | 'locked' | 'expired'

const own = (at: number, { length }: readonly unknown[], death: Death): DeadReason =>
  at === length - 1 ? `grant_${death}` : `grant_ancestor_${death}`

/** What does not fit together, if anything: each grant with its parent, the last with its credential. */
function differs(credential: Credential, contexts: readonly StoredContext[]): string | undefined {
  const [root] = contexts
  const presented = contexts.at(-1)
  if (!root?.root || !presented || root.terms.parent) return 'root'
  for (const [at, { terms, sha }] of contexts.entries()) {
    const ids = credential.chain.slice(0, at + 1)
    if (terms.id !== ids[at] || ids.join() !== terms.chain.join()) return 'chain'
    const child = contexts[at + 1]?.terms
    if (child && (child.parent?.id !== terms.id || child.parent.sha !== sha)) return 'parent'
    if (terms.principal !== root.root.id || terms.validatedAt !== root.terms.validatedAt) return 'root'
  }
  if (presented.sha !== credential.sha || presented.terms.id !== credential.id) return 'terms'
  if (presented.terms.boundTo !== credential.boundTo) return 'key'
  const { generation, expiresAt } = presented.status
  if (generation < credential.generation) return 'generation'
  return generation === credential.generation && expiresAt !== credential.expiresAt ? 'expires' : undefined
}
