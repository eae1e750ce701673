import type { PrincipalSelector } from '../documents/principals.ts'
import type { Rule } from './rule.ts'

/** The rules of a set by whom they are about, so that a comparison looks at few of them. Each is given once, in the set's order. */
export type RuleIndex = {
  equalTo(rule: Rule): readonly Rule[]
  named(id: string): Rule | undefined
  /** Every rule with a selector that may cover one of these (selectorCovers). */
  covering(selectors: readonly PrincipalSelector[]): readonly Rule[]
  /** Every rule with a selector that may meet one of these (selectorsMeet). */
  meeting(selectors: readonly PrincipalSelector[]): readonly Rule[]
}

/** Made once a set. */
const known = new WeakMap<readonly Rule[], RuleIndex>()

export function indexOf(rules: readonly Rule[]): RuleIndex {
  const index = known.get(rules) ?? createIndex(rules)
  known.set(rules, index)
  return index
}

function createIndex(rules: readonly Rule[]): RuleIndex {
  const byKey = Map.groupBy(rules, ({ key }) => key)
  const byName = new Map(rules.map((rule) => [rule.document.id, rule]))
  const buckets = new Map<string, number[]>()
  for (const [at, { document }] of rules.entries()) {
    for (const bucket of new Set(document.principals.flatMap(bucketsOf))) {
      const numbers = buckets.get(bucket)
      if (numbers) numbers.push(at)
      else buckets.set(bucket, [at])
    }
  }
  const among = (names: readonly string[]) => {
    if (names.includes('all')) return rules
    const numbers = new Set<number>()
    for (const name of new Set(names)) for (const at of buckets.get(name) ?? []) numbers.add(at)
    return [...numbers].sort((a, b) => a - b).flatMap((at) => rules[at] ?? [])
  }
  return {
    equalTo: ({ key }) => byKey.get(key) ?? [],
    named: (id) => byName.get(id),
    covering: (selectors) => among(selectors.flatMap(coverers)),
    meeting: (selectors) => among(selectors.flatMap(meeters)),
  }
}

/** INVARIANT: whatever covers or meets a selector stands in one of the buckets that are asked for it. */
function bucketsOf(selector: PrincipalSelector): string[] {
  const { entra, oidc } = selector
  if (oidc) return [`issuer ${oidc.issuer}`]
  if (!entra) return ['any']
  const { tenant, objectId } = entra
  const equal = sameAs(entra)
  return objectId ? [equal, `tenant ${tenant}`] : [equal, `tenant ${tenant}`, `unnamed ${tenant}`]
}

function coverers(selector: PrincipalSelector): string[] {
  if (selector.oidc) return ['any', `issuer ${selector.oidc.issuer}`]
  return selector.entra ? ['any', sameAs(selector.entra)] : ['any']
}

function meeters(selector: PrincipalSelector): string[] {
  const { entra, oidc } = selector
  if (oidc) return ['any', `issuer ${oidc.issuer}`]
  if (!entra) return ['all']
  const { tenant, objectId } = entra
  return objectId ? ['any', sameAs(entra), `unnamed ${tenant}`] : ['any', `tenant ${tenant}`]
}

/** One bucket for selectors that are equal: each names its principals in one way. */
const sameAs = ({ tenant, objectId, appId, group, role }: NonNullable<PrincipalSelector['entra']>) =>
  ['equal', tenant, objectId, appId, group, role].join('|')
