import { hash } from 'node:crypto'
import type { Row, StoredRow } from '../azure/table.ts'
import type { Principal } from '../identity/principal.ts'
import type { Action } from '../policy/actions.ts'
import type { Obligations } from '../policy/decision.ts'

/** The root principal as a grant keeps it: everything a decision looks at, but not when its token ended. */
export type RootPrincipal = Omit<Principal, 'expiresAt' | 'validatedAt' | 'boundTo' | 'through'>

/** What never changes. Times in milliseconds. */
export type Terms = {
  id: string
  /** Ids of the grants from the root's own to this one. */
  chain: readonly string[]
  /** The grant this one was delegated from, and the hash of what never changes in it. */
  parent?: { id: string; sha: string }
  /** Principal id of the root, who opened the first grant of the chain. */
  principal: string
  actions: readonly Action[]
  /** Canonical resource patterns. */
  resources: readonly string[]
  openedAt: number
  /** When the root's own token was validated for the first grant of the chain: nothing lives longer than a maximum after it. */
  validatedAt: number
  /** RFC 9449 thumbprint of the key without which the credential is worth nothing. */
  boundTo?: string
  maxUses?: number
  /** It is `pending` until this many of these have approved. */
  approval?: NonNullable<Obligations['approval']>
  breakGlass?: NonNullable<Obligations['breakGlass']>
  reason?: string
  ticket?: string
}

/** What changes, always by compare-and-set. */
export type Status = {
  /** `locked`: a credential of an earlier generation was shown to renew it, so it was cloned. */
  state: 'pending' | 'active' | 'revoked' | 'locked' | 'expired'
  /** Raised by each renewal; a credential of an earlier one is dead. */
  generation: number
  /** Operation of the last renewal. */
  renewedBy?: string
  /** How long each renewal is for; absent before the first one. */
  ttlMs?: number
  /** Milliseconds, whole seconds: `exp` of the credential of this generation. */
  expiresAt: number
  /** Where `maxUses` is above SLOTS; below, a use is a row of its own. */
  usesLeft?: number
  /** Principal ids. INVARIANT: an approval counts only as it stands here, under the seal; rows of approvers are a record. */
  approvedBy: readonly string[]
  /** Who ended it (a principal id) and when. */
  ended?: { by: string; at: number }
  /** That it was locked has been told. */
  told?: true
}

/** A grant (access context): row `grant` of table `grants`, partition = its id. */
export type AccessContext = {
  terms: Terms
  /** In the root's own grant alone. */
  root?: RootPrincipal
  status: Status
  /** SHA-256 over what never changes, base64url; the credential carries it. */
  sha: string
  /** The exact texts that `sha` is over. */
  texts: { terms: string; root: string }
}

export type StoredContext = AccessContext & { etag: string }

export const CONTEXT_ROW = 'grant'

/** Signs what a row says; a different text for every different row. */
export type Seal = (text: string) => string

/** A new grant; texts and hash are made here once and kept as they are. */
export function newContext(terms: Terms, status: Status, root?: RootPrincipal): AccessContext {
  const texts = { terms: JSON.stringify(terms), root: root ? JSON.stringify(root) : '' }
  return { terms, ...(root && { root }), status, texts, sha: shaOf(texts) }
}

const shaOf = ({ terms, root }: AccessContext['texts']) => hash('sha256', JSON.stringify([root, terms]), 'base64url')

/** INVARIANT: every writer of the row goes through here, so that no status is without its seal. */
export function contextRow({ terms, texts, sha, status }: AccessContext, seal: Seal): Row {
  const said = JSON.stringify(status)
  return {
    partitionKey: terms.id,
    rowKey: CONTEXT_ROW,
    terms: texts.terms,
    root: texts.root,
    status: said,
    seal: seal(sealed(terms.id, sha, said)),
  }
}

/**
 * The grant that a row holds; undefined when its seal does not fit: somebody edited it, or moved it from another grant.
 * What is sealed was written by us, so it has our form.
 */
export function readContext(row: StoredRow, seal: Seal): StoredContext | undefined {
  const { terms, root, status } = row
  if (typeof terms !== 'string' || typeof root !== 'string' || typeof status !== 'string') return undefined
  const texts = { terms, root }
  const sha = shaOf(texts)
  if (row['seal'] !== seal(sealed(row.partitionKey, sha, status))) return undefined
  return {
    terms: JSON.parse(terms),
    ...(root !== '' && { root: JSON.parse(root) }),
    status: JSON.parse(status),
    ...{ texts, sha, etag: row.etag },
  }
}

const sealed = (id: string, sha: string, status: string) => JSON.stringify([id, sha, status])
