import { checkTogether } from './check-together.ts'
import { type AuthoredDocument, type Parsed, parseDocument } from './document.ts'
import type { Fault } from './faults.ts'

export type ParsedSet = { ok: true; documents: AuthoredDocument[] } | { ok: false; faults: Fault[] }

/**
 * Checks documents one by one and then together. Pointers begin with the position of the document: `/3/when/ip/0`.
 * `forbiddenIssuer` is the gateway's own issuer: its own tokens must never open its own door.
 */
export function parsePolicySet(
  values: readonly unknown[],
  options: { forbiddenIssuer?: string | undefined } = {},
): ParsedSet {
  return checkSet(values, values.map(parseDocument), options)
}

/** The same of documents that were checked one by one already; `values` are as they came. */
export function checkSet(
  values: readonly unknown[],
  parsed: readonly Parsed[],
  options: { forbiddenIssuer?: string | undefined } = {},
): ParsedSet {
  const single = parsed.flatMap((one, at) =>
    one.ok ? [] : one.faults.map(({ pointer, detail }) => ({ pointer: `/${at}${pointer}`, detail })),
  )
  const documents = parsed.map((one) => (one.ok ? one.document : undefined))
  const faulty = values.filter((_value, at) => !parsed[at]?.ok)
  const faults = [...single, ...checkTogether(documents, { ...options, faulty })]
  if (faults.length > 0) return { ok: false, faults }
  return { ok: true, documents: parsed.flatMap((one) => (one.ok ? [{ document: one.document, text: one.text }] : [])) }
}
