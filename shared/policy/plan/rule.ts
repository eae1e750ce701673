import type { Action } from '../actions.ts'
import type { Obligations } from '../decision.ts'
import { canonicalJson } from '../documents/canonical-json.ts'
import type { PolicyDocument } from '../documents/document.ts'
import type { StatementDocument } from '../documents/statement.ts'
import { gather, type Turns } from '../turns.ts'
import { dutiesOf } from './obligation-order.ts'

/** An enforced statement that is not over yet, its roles read. */
export type Rule = {
  document: StatementDocument
  actions: ReadonlySet<Action>
  /** Milliseconds; in force from (included) to (excluded). */
  from: number
  until: number
  duties: Obligations
  /** Equal for rules that differ in name, owner and actions alone. */
  key: string
}

export type Rules = { permits: Rule[]; forbids: Rule[] }

export type Comparison = { old: Rules; next: Rules; turn: Turns }

type RulesAt = { now: number; turn: Turns }

/** The rules of a set that hold at `now` (milliseconds) or later: what is over grants nothing and keeps nobody out. */
export async function rulesOf(documents: readonly PolicyDocument[], { now, turn }: RulesAt): Promise<Rules> {
  const roles = new Map(documents.flatMap((one) => (one.kind === 'role' ? [[one.name, one.actions] as const] : [])))
  const all = await gather(documents, turn, (one) =>
    one.kind === 'statement' && one.mode === 'enforce' ? [ruleOf(one, roles)] : [],
  )
  const rules = all.filter(({ until, actions }) => until > now && actions.size > 0)
  return {
    permits: rules.filter(({ document }) => document.effect === 'permit'),
    forbids: rules.filter(({ document }) => document.effect === 'forbid'),
  }
}

function ruleOf(document: StatementDocument, roles: ReadonlyMap<string, readonly Action[]>): Rule {
  const { id, owner: _owner, roles: named, obligations, ...rest } = document
  const quota = obligations?.quota === undefined ? undefined : id
  return {
    document,
    actions: new Set(named.flatMap((name) => roles.get(name) ?? [])),
    from: document.notBefore === undefined ? Number.NEGATIVE_INFINITY : Date.parse(document.notBefore),
    until: document.expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(document.expires),
    duties: dutiesOf(document),
    key: canonicalJson({ ...rest, obligations, quota }),
  }
}

export const isWithin = (inner: Rule, outer: Rule): boolean => outer.from <= inner.from && inner.until <= outer.until

export const periodsMeet = (a: Rule, b: Rule): boolean => a.from < b.until && b.from < a.until
