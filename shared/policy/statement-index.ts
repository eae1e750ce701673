import type { Principal } from '../identity/principal.ts'
import { isLiteral, literalPrefix } from './match/pattern.ts'
import { type Selector, SUBJECT_SEPARATORS, selectorMatches } from './match/principals.ts'
import type { Tri } from './match/tri.ts'
import type { Statement } from './statement.ts'

/** Leading segments of a subject pattern that the index keys on: the work of a look-up is bounded whatever the subject. */
const MAX_INDEXED_SEGMENTS = 16

type Entry = { statement: Statement; selector: Selector }

export type StatementIndex = {
  add(statement: Statement): void
  /** The statements that may be about the caller, with what their selectors say; never `no`. */
  candidates(principal: Principal): ReadonlyMap<Statement, Tri>
}

/** Finds statements by who asks, so that a decision costs nothing for statements about others (B4). */
export function createStatementIndex(): StatementIndex {
  const buckets = new Map<string, Entry[]>()
  const put = (key: string, entry: Entry) => {
    const bucket = buckets.get(key)
    if (bucket) bucket.push(entry)
    else buckets.set(key, [entry])
  }
  return {
    add(statement) {
      for (const selector of statement.selectors) {
        for (const key of selectorKeys(selector, statement.effect)) put(key, { statement, selector })
      }
    },
    candidates(principal) {
      const found = new Map<Statement, Tri>()
      for (const key of principalKeys(principal)) {
        for (const { statement, selector } of buckets.get(key) ?? []) {
          if (found.get(statement) === 'yes') continue
          const answer = selectorMatches(selector, principal)
          if (answer !== 'no') found.set(statement, answer)
        }
      }
      return found
    },
  }
}

const ANY = 'any'
const overageKey = (tenant: string) => `overage ${tenant}`

// INVARIANT: whatever selectorMatches can answer `yes` or `unknown` for must share a key with principalKeys; a test compares
// with a scan of all statements.
function selectorKeys(selector: Selector, effect: Statement['effect']): string[] {
  if (selector.by === 'any') return [ANY]
  if (selector.by === 'subject') {
    const { issuer, text, pattern } = selector
    return [
      isLiteral(pattern)
        ? `subject ${issuer} ${text}`
        : `prefix ${issuer} ${literalPrefix(pattern, MAX_INDEXED_SEGMENTS)}`,
    ]
  }
  const key = `${selector.by} ${selector.tenant} ${selector.value}`
  // An overage hides which groups the caller is in: no permit may profit, every forbid must be looked at.
  return selector.by === 'group' && effect === 'forbid' ? [key, overageKey(selector.tenant)] : [key]
}

function principalKeys(principal: Principal): string[] {
  const { kind, tenant = '', objectId, appId, groups, roles, issuerName, subject } = principal
  if (kind === 'oidc')
    return [
      ANY,
      `subject ${issuerName} ${subject}`,
      ...prefixes(subject).map((prefix) => `prefix ${issuerName} ${prefix}`),
    ]
  const byGroup = groups === 'overage' ? [overageKey(tenant)] : groups.map((group) => `group ${tenant} ${group}`)
  return [
    ANY,
    ...(objectId ? [`objectId ${tenant} ${objectId}`] : []),
    ...(appId ? [`appId ${tenant} ${appId}`] : []),
    ...byGroup,
    ...roles.map((role) => `role ${tenant} ${role}`),
  ]
}

/** '', `repo:`, `repo:acme/`, … */
function prefixes(subject: string): string[] {
  const found = ['']
  for (let at = 0; at < subject.length && found.length <= MAX_INDEXED_SEGMENTS; at++) {
    if (SUBJECT_SEPARATORS.includes(subject[at] as string)) found.push(subject.slice(0, at + 1))
  }
  return found
}
