import { GatewayError } from '../errors.ts'
import type { Principal } from '../identity/principal.ts'
import { documentId, parseDocument } from '../policy/documents/document.ts'
import type { Fault } from '../policy/documents/faults.ts'
import type { SetOptions } from '../policy/documents/policy-set.ts'
import { API_MANAGER } from '../policy/plan/merge.ts'
import { invalid, parseWithOthers } from '../policy/plan/parse-with-others.ts'
import { documentsOf } from '../policy/plan/plan.ts'
import { selfGrants } from '../policy/plan/self-grant.ts'
import type { Widening } from '../policy/plan/widening.ts'
import { wideningsOf } from '../policy/plan/widenings.ts'
import type { Current } from '../policy/storage/publish.ts'
import { contentHash, type Member, type Version } from '../policy/storage/version-row.ts'
import type { PolicyChange } from './change.ts'

export type Wish = {
  kind: string
  id: string
  /** As it was sent; absent when the document is to go. */
  document?: unknown
  writer: Principal
  /** The request's operation; `answered`: it was done and is asked for once more, and nothing is done anew. */
  operation: { id: string; answered: boolean }
  /** Throws `precondition_failed`; told the entity tag of what stands there. */
  check: (tag: string | undefined) => void
}

export type NextSet = {
  members: readonly Member[]
  change: PolicyChange
  /** What its writer could do that it could not before. */
  own: readonly Widening[]
  /** Whether it was there before; of a repeated request, before the first try. */
  existed: boolean
}

/** Entity tag of a document: the SHA-256 of its text. */
export const tagOf = ({ text }: Pick<Version, 'text'>): string => contentHash(text)

/**
 * The set that a change of one document makes of the one in force. Pure. Throws GatewayError `precondition_failed`,
 * `policy_not_found`, `idempotency_expired`, or `invalid_document` with every fault, pointers within the document or, of
 * another, `/<kind>/<id>…`.
 */
export async function nextSet(
  current: Current,
  wish: Wish,
  { now, ...checks }: SetOptions & { now: number },
): Promise<NextSet> {
  const { kind, id, document, writer, operation } = wish
  const there = current.inForce.find((one) => one.kind === kind && one.id === id)
  const others = current.inForce.filter((one) => one !== there)
  if (there?.operation === operation.id && document !== undefined) {
    const existed = wasThere(current, there)
    return { members: current.inForce, change: { kind, id, text: there.text }, own: [], existed }
  }
  wish.check(there && tagOf(there))
  if (document === undefined && !there) throw new GatewayError('policy_not_found', 'policy_unknown')
  const text = await textIn({ ...current, inForce: others }, wish, checks)
  const change = { kind, id, ...(text !== undefined && { text }) }
  if (there && there.text === text) return { members: current.inForce, change, own: [], existed: true }
  if (operation.answered) throw new GatewayError('idempotency_expired', 'policy_changed_since')
  const written = { kind, id, manager: API_MANAGER, operation: operation.id }
  const members = text === undefined ? others : [...others, { ...written, text }]
  const found = await wideningsOf(await documentsOf(current.inForce), await documentsOf(members), now)
  return { members, change, own: selfGrants(found, writer), existed: there !== undefined }
}

/** Checks the document, alone and among the others; those must do without one that goes. */
async function textIn(others: Current, { kind, id, document }: Wish, checks: SetOptions): Promise<string | undefined> {
  if (document === undefined) {
    await faultsAmong(others, [], checks)
    return undefined
  }
  const parsed = parseDocument(document)
  const faults = await faultsAmong(others, [document], checks)
  if (parsed.ok && (parsed.document.kind !== kind || documentId(parsed.document) !== id)) {
    faults.push({ pointer: '', detail: 'is not the document of this address: its kind or name is another' })
  }
  if (faults.length > 0) throw invalid(faults)
  return parsed.ok ? parsed.text : undefined
}

/** No document has this manager, since no name begins so: all that stand there stay. */
const NOBODY = '-'

async function faultsAmong(others: Current, documents: readonly unknown[], checks: SetOptions): Promise<Fault[]> {
  try {
    await parseWithOthers(others, documents, { ...checks, manager: NOBODY })
    return []
  } catch (error) {
    if (!(error instanceof GatewayError && error.code === 'invalid_document') || documents.length === 0) throw error
    const errors = error.extras.errors ?? []
    return errors.map(({ pointer, detail }) => ({ pointer: pointer.replace(/^\/0(?=\/|$)/, ''), detail }))
  }
}

/** Whether the version replaced one when it was written. */
const wasThere = ({ versions }: Current, { kind, id, since }: Version) =>
  versions.some((one) => one.kind === kind && one.id === id && Number(one.until) === since)
