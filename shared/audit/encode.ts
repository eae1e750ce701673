import { GatewayError } from '../errors.ts'
import type { Decision } from '../policy/decision.ts'
import { encodePrincipal } from './encode-principal.ts'
import type { DecidedEntry, Entry, EntryPrincipal } from './entry.ts'
import { toAscii } from './to-ascii.ts'

/** A stored line, sequence number included: Azure allows 32,768 UTF-16 units a property, and a property holds whole lines. */
export const MAX_LINE_CHARACTERS = 24_000
/** `{"seq":<up to 16 digits>,` in place of `{`. */
const SEQ_ROOM = 24
const MAX_CLAIM_CHARACTERS = 256
const MAX_STATEMENT_IDS = 64

/**
 * An entry as one line of printable ASCII that parses back equal: every control, bidi, line-separator and other non-ASCII unit
 * becomes `\uXXXX`, so that no terminal, log shipper or editor can be made to show another event than the one recorded (T26).
 * What is too long is cut with a mark in `cut`, never what identifies anybody; throws `journal_unavailable` when that is not
 * enough, or when the entry has no JSON form: what cannot be recorded must not happen.
 */
export function encodeEntry(entry: Entry): string {
  const text = toLine(entry)
  if (text.length <= MAX_LINE_CHARACTERS - SEQ_ROOM) return text
  if (entry.kind === 'intent' || entry.kind === 'denial') {
    for (const shorten of [cutLongClaims, cutAllClaims, cutStatements]) {
      const shorter = toLine(shorten(entry))
      if (shorter.length <= MAX_LINE_CHARACTERS - SEQ_ROOM) return shorter
    }
  }
  throw new GatewayError('journal_unavailable', 'entry_too_long')
}

/** The principal is a part of its own; the order of members is that of the door. */
function toLine(entry: Entry): string {
  if (entry.kind !== 'intent' && entry.kind !== 'denial') return toAscii(entry)
  const { kind, txn, time, principal, ...rest } = entry
  const head = toAscii({ kind, txn, time }).slice(0, -1)
  return `${head},"principal":${encodePrincipal(principal)},${toAscii(rest).slice(1)}`
}

/** Claims over 256 characters of JSON keep their first 256 as a string; `cut.claims` names them. */
function cutLongClaims(entry: DecidedEntry): DecidedEntry {
  const names = new Set<string>()
  const shorten = (claims: EntryPrincipal['claims']) =>
    Object.fromEntries(
      Object.entries(claims).map(([name, value]) => {
        const json = JSON.stringify(value) ?? ''
        if (json.length <= MAX_CLAIM_CHARACTERS) return [name, value]
        names.add(name)
        return [name, json.slice(0, MAX_CLAIM_CHARACTERS)]
      }),
    )
  return { ...withClaims(entry, shorten), cut: { claims: [...names] } }
}

function cutAllClaims(entry: DecidedEntry): DecidedEntry {
  return { ...withClaims(entry, () => ({})), cut: { claims: 'all' } }
}

/** Of the principal and of who acts for it. */
function withClaims(
  entry: DecidedEntry,
  change: (claims: EntryPrincipal['claims']) => EntryPrincipal['claims'],
): DecidedEntry {
  const changed = (principal: EntryPrincipal) => ({ ...principal, claims: change(principal.claims) })
  const { actor } = entry
  return {
    ...entry,
    principal: changed(entry.principal),
    ...(actor && { actor: { ...actor, principal: changed(actor.principal) } }),
  }
}

/** The counts in `cut` are of all there were. */
function cutStatements(entry: DecidedEntry): DecidedEntry {
  const shorten = (decision: Decision): Decision => ({
    ...decision,
    statementIds: decision.statementIds.slice(0, MAX_STATEMENT_IDS),
    reported: decision.reported.slice(0, MAX_STATEMENT_IDS),
  })
  const { decision, actor } = entry
  const decisions = [decision, ...(actor ? [actor.decision] : [])]
  const count = (list: 'statementIds' | 'reported') => decisions.reduce((sum, each) => sum + each[list].length, 0)
  const cut = { claims: 'all' as const, statementIds: count('statementIds'), reported: count('reported') }
  const cutEntry = cutAllClaims(entry)
  return {
    ...cutEntry,
    decision: shorten(decision),
    ...(cutEntry.actor && { actor: { ...cutEntry.actor, decision: shorten(cutEntry.actor.decision) } }),
    cut,
  }
}
