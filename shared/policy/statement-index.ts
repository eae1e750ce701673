import type { Principal } from '../identity/principal.ts'
import { isLiteral, literalPrefix } from './match/pattern.ts'
import { applicationOf, type Selector, SUBJECT_SEPARATORS, selectorMatches } from './match/principals.ts'
import type { Tri } from './match/tri.ts'
import type { Statement } from './statement.ts'

/** Leading segments of a subject pattern that the index keys on: the work of a look-up is bounded whatever the subject. */
const MAX_INDEXED_SEGMENTS = 16

/** A statement that may be about the caller, with what its selectors say; never `no`. */
export type Candidate = { statement: Statement; byPrincipal: Tri }

export type StatementIndex = {
  add(statement: Statement): void
  candidates(principal: Principal): readonly Candidate[]
  statements(): Iterable<Statement>
}

type Entry = { statement: Statement; selector: Selector; told: Tri | undefined }
/** Where statements stand: what of the caller they name, in which tenant or issuer, with which value. */
type Place = readonly [space: Selector['by'] | 'overage' | 'partial' | 'prefix', realm: string, value: string]
type Shelf = Map<string, Map<string, Entry[]>>

/** Finds statements by who asks, so that a decision costs nothing for statements about others (B4). */
export function createStatementIndex(): StatementIndex {
  const all: Statement[] = []
  const shelves: Record<Place[0], Shelf> = {
    any: new Map(),
    objectId: new Map(),
    appId: new Map(),
    group: new Map(),
    role: new Map(),
    overage: new Map(),
    partial: new Map(),
    subject: new Map(),
    prefix: new Map(),
  }
  const put = ([space, realm, value]: Place, entry: Entry) => {
    const values = shelves[space].get(realm) ?? new Map<string, Entry[]>()
    shelves[space].set(realm, values)
    const entries = values.get(value)
    if (entries) entries.push(entry)
    else values.set(value, [entry])
  }
  return {
    add(statement) {
      all.push(statement)
      for (const selector of statement.selectors) {
        for (const place of placesOfSelector(selector, statement.effect)) {
          put(place, { statement, selector, told: TOLD[place[0]] })
        }
      }
    },
    candidates(principal) {
      const found = createFindings(principal)
      for (const [space, realm, value] of placesOfCaller(principal)) {
        const entries = shelves[space].get(realm)?.get(value)
        if (entries) for (const entry of entries) found.add(entry)
      }
      return found.candidates
    },
    statements: () => all,
  }
}

/** What being found in a place already says of the selector; the others are asked. */
const TOLD: Partial<Record<Place[0], Tri>> = {
  any: 'yes',
  objectId: 'yes',
  group: 'yes',
  role: 'yes',
  overage: 'unknown',
  partial: 'unknown',
}

/** A statement with several selectors may be found several times: it counts once, with the best that they say. */
function createFindings(principal: Principal) {
  const candidates: Candidate[] = []
  let repeatable: Map<Statement, Candidate> | undefined
  return {
    candidates,
    add({ statement, selector, told }: Entry) {
      const before = repeatable?.get(statement)
      if (before?.byPrincipal === 'yes') return
      const byPrincipal = told ?? selectorMatches(selector, principal)
      if (byPrincipal === 'no') return
      if (before) {
        before.byPrincipal = byPrincipal
        return
      }
      const candidate = { statement, byPrincipal }
      candidates.push(candidate)
      if (statement.selectors.length === 1) return
      repeatable ??= new Map()
      repeatable.set(statement, candidate)
    },
  }
}

const ANY: Place = ['any', '', '']

// INVARIANT: whatever selectorMatches can answer `yes` or `unknown` for must share a place with placesOfCaller, and TOLD
// must say what it would answer there; a test compares with a scan of all statements.
function placesOfSelector(selector: Selector, effect: Statement['effect']): Place[] {
  if (selector.by === 'any') return [ANY]
  if (selector.by === 'subject') {
    const { issuer, text, pattern } = selector
    return [
      isLiteral(pattern) ? ['subject', issuer, text] : ['prefix', issuer, literalPrefix(pattern, MAX_INDEXED_SEGMENTS)],
    ]
  }
  const place: Place = [selector.by, selector.tenant, selector.value]
  if (selector.by === 'objectId' || effect === 'permit') return [place]
  // What hides groups, or all but the id, hides it from permits alone: every forbid must be looked at.
  const partial: Place = ['partial', selector.tenant, '']
  return selector.by === 'group' ? [place, partial, ['overage', selector.tenant, '']] : [place, partial]
}

function placesOfCaller(principal: Principal): Place[] {
  const { kind, tenant = '', objectId, groups, roles, issuerName, subject } = principal
  const places: Place[] = [ANY]
  if (kind === 'oidc') {
    places.push(['subject', issuerName, subject])
    for (const prefix of prefixes(subject)) places.push(['prefix', issuerName, prefix])
    return places
  }
  if (objectId) places.push(['objectId', tenant, objectId])
  if (principal.partial) return [...places, ['partial', tenant, '']]
  const application = applicationOf(principal)
  if (application) places.push(['appId', tenant, application])
  if (groups === 'overage') places.push(['overage', tenant, ''])
  else for (const group of groups) places.push(['group', tenant, group])
  for (const role of roles) places.push(['role', tenant, role])
  return places
}

/** '', `repo:`, `repo:acme/`, … */
function prefixes(subject: string): string[] {
  const found = ['']
  for (let at = 0; at < subject.length && found.length <= MAX_INDEXED_SEGMENTS; at++) {
    if (SUBJECT_SEPARATORS.includes(subject[at] as string)) found.push(subject.slice(0, at + 1))
  }
  return found
}
