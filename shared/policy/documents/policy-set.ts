import { checkTogether } from './check-together.ts'
import { type AuthoredDocument, type Parsed, type PolicyDocument, parseDocument } from './document.ts'
import { type Fault, pointer } from './faults.ts'

/** What whoever knows the gateway has against a document; `path` within it. */
export type RefuseDocument = (document: PolicyDocument) => readonly { path: readonly string[]; detail: string }[]

export type SetOptions = {
  /** The gateway's own issuer: its own tokens must never open its own door. */
  forbiddenIssuer?: string | undefined
  /**
   * Asked for the documents that are written, not for those that stand in the table: what is learned later must neither make a
   * set unreadable nor keep others from writing.
   */
  refuse?: RefuseDocument | undefined
}

export type ParsedSet = { ok: true; documents: AuthoredDocument[] } | { ok: false; faults: Fault[] }

/** Checks documents one by one and then together. Pointers begin with the position of the document: `/3/when/ip/0`. */
export function parsePolicySet(values: readonly unknown[], options: SetOptions = {}): ParsedSet {
  return checkSet(values, values.map(parseDocument), options)
}

/** The same of documents that were checked one by one already; `values` are as they came. */
export function checkSet(
  values: readonly unknown[],
  parsed: readonly Parsed[],
  { refuse = () => [], ...options }: SetOptions = {},
): ParsedSet {
  const single = parsed.flatMap((one, at) =>
    one.ok ? [] : one.faults.map(({ pointer, detail }) => ({ pointer: `/${at}${pointer}`, detail })),
  )
  const documents = parsed.map((one) => (one.ok ? one.document : undefined))
  const faulty = values.filter((_value, at) => !parsed[at]?.ok)
  const refused = documents.flatMap((document, at) =>
    document ? refuse(document).map(({ path, detail }) => ({ pointer: pointer([at, ...path]), detail })) : [],
  )
  const faults = [...single, ...checkTogether(documents, { ...options, faulty }), ...refused]
  if (faults.length > 0) return { ok: false, faults }
  return { ok: true, documents: parsed.flatMap((one) => (one.ok ? [{ document: one.document, text: one.text }] : [])) }
}
