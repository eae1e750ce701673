import type { PolicyDocument } from '../documents/document.ts'
import type { Current } from '../storage/publish.ts'
import { createTurns, gather } from '../turns.ts'
import { type Difference, differencesOf } from './differences.ts'
import { type DocumentChange, mergeDocuments } from './merge.ts'
import { type ParseOptions, parseText, parseWithOthers, readText } from './parse-with-others.ts'
import type { Widening } from './widening.ts'
import { wideningsOf } from './widenings.ts'

export type PlannedChange = Omit<DocumentChange, 'before' | 'after'> & {
  /** Field by field, of a document that stands in the table and would be another. */
  differences?: Difference[]
}

export type Plan = {
  /** The revision it was made for; 0 when nothing was ever applied. */
  revision: number
  changes: PlannedChange[]
  widenings: Widening[]
}

export type PlanOptions = ParseOptions & {
  /** Milliseconds. */
  now: number
}

/**
 * What an apply of the documents would do to the table, and what it would grant. Pure. Throws GatewayError
 * `invalid_document` with every fault, as parseWithOthers does.
 */
export async function planPolicies(
  current: Pick<Current, 'revision' | 'versions' | 'inForce'>,
  documents: readonly unknown[],
  { now, ...options }: PlanOptions,
): Promise<Plan> {
  const turn = createTurns()
  const parsed = await parseWithOthers(current, documents, options)
  await turn()
  const { changes, members } = mergeDocuments(current, parsed, options)
  return {
    revision: current.revision,
    changes: await gather(changes, turn, (change) => [planned(change)]),
    widenings: await wideningsOf(await documentsOf(current.inForce), await documentsOf(members), now),
  }
}

/** The documents of texts; one that this build cannot read grants nothing here, as its set grants nothing anywhere. */
export function documentsOf(texts: readonly { text: string }[]): Promise<PolicyDocument[]> {
  return gather(texts, createTurns(), ({ text }) => {
    const parsed = parseText(text)
    return parsed.ok ? [parsed.document] : []
  })
}

function planned({ before, after, ...change }: DocumentChange): PlannedChange {
  const differ = before !== undefined && after !== undefined && before !== after
  return { ...change, ...(differ && { differences: differencesOf(readText(before), readText(after)) }) }
}
