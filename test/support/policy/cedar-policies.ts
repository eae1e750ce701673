import type { Expr, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import { type Blindable, claimTest, conditionsOf, type Wanted, type When } from './cedar-conditions.ts'
import { and, contains, context, dot, equal, has, less, matchesPattern, not, or, value } from './cedar-expressions.ts'

type Selector = {
  entra?: { tenant: string; objectId?: string; appId?: string; group?: string; role?: string }
  oidc?: { issuer: string; subject: string; claims?: Record<string, Wanted> }
}

export type OracleStatement = {
  id: string
  effect: 'permit' | 'forbid'
  principals: Selector[]
  roles: string[]
  resources: string[]
  when?: When
  expires?: string
  breakGlass?: boolean
}

const PATH = /\//
const SUBJECT = /[/:]/
const CONTEXT: Expr = { Var: 'context' }
/** Fails: nothing in the context is called so. */
const FAILURE = context('unknown')

/** Roles → actions, for the action scope of a policy. */
export type RoleActions = Readonly<Record<string, readonly string[]>>

/**
 * The Cedar policies of a statement: one for each selector and resource pattern. A forbid has more, which cannot match but
 * fail where something cannot be told: each condition by itself, since Cedar's `&&` stops at one that is false; whom it is
 * about, and on what, unless another selector or pattern surely applies.
 */
export function cedarPolicies(statement: OracleStatement, roles: RoleActions): Record<string, PolicyJson> {
  const actions = statement.roles.flatMap((role) => roles[role] ?? [])
  const whom = statement.principals.map(aboutCaller)
  const what = statement.resources.map(onResource)
  const conditions = conditionsOf(statement.when ?? {})
  const policies: Record<string, PolicyJson> = {}
  for (const [p, caller] of whom.entries()) {
    for (const [r, resource] of what.entries()) {
      const put = (name: string, ...terms: Expr[]) => {
        const body = and(...inForce(statement), ...terms)
        policies[`${statement.id}/${p}/${r}/${name}`] = policy(statement.effect, actions, body)
      }
      put('rule', surely(caller), surely(resource), ...conditions)
      if (statement.effect === 'permit') continue
      for (const [at, one] of conditions.entries()) put(`c${at}`, surely(caller), surely(resource), one, value(false))
      put('whom', possibly(resource), blind(caller), ...others(whom, p), FAILURE)
      put('what', possibly(caller), blind(resource), ...others(what, r), FAILURE)
    }
  }
  return policies
}

/** What is certain, and what may not be evaluable. */
type Part = { certain: Expr; blindable: readonly Blindable[] }

const evaluable = ({ blindable }: Part) => and(...blindable.map((one) => one.evaluable))
const surely = (part: Part) => and(part.certain, evaluable(part), ...part.blindable.map(({ holds }) => holds))
const blind = (part: Part) => and(part.certain, not(evaluable(part)))
const possibly = (part: Part) => or(surely(part), blind(part))
const others = (parts: readonly Part[], but: number) => [not(or(...parts.filter((_one, at) => at !== but).map(surely)))]

const policy = (effect: 'permit' | 'forbid', actions: readonly string[], body: Expr): PolicyJson => ({
  effect,
  principal: { op: 'All' },
  action: { op: 'in', entities: actions.map((id) => ({ type: 'Action', id })) },
  resource: { op: 'All' },
  conditions: [{ kind: 'when', body }],
})

const inForce = ({ expires, breakGlass }: OracleStatement) => [
  ...(expires ? [less(context('now'), value(Date.parse(expires)))] : []),
  ...(breakGlass ? [context('breakGlass')] : []),
]

function aboutCaller({ entra, oidc }: Selector): Part {
  if (oidc) {
    const claims = Object.entries(oidc.claims ?? {}).map(([name, wanted]) => claimTest(name, wanted))
    const issuer = equal(context('issuer'), value(oidc.issuer))
    const subject = matchesPattern(context('subject'), oidc.subject, SUBJECT)
    return { certain: and(equal(context('kind'), value('oidc')), issuer, subject), blindable: claims }
  }
  if (!entra) return { certain: value(true), blindable: [] }
  const tenant = and(equal(context('kind'), value('entra')), equal(context('tenant'), value(entra.tenant)))
  const is = (name: 'objectId' | 'appId') => and(tenant, equal(context(name), value(entra[name] ?? '')))
  if (entra.objectId) return { certain: is('objectId'), blindable: [] }
  if (entra.appId)
    return { certain: is('appId'), blindable: [{ evaluable: has(CONTEXT, 'isApp'), holds: value(true) }] }
  if (entra.role) return { certain: and(tenant, contains(context('roles'), value(entra.role))), blindable: [] }
  const member = contains(context('groups'), value(entra.group ?? ''))
  return { certain: tenant, blindable: [{ evaluable: has(CONTEXT, 'groups'), holds: member }] }
}

const TEMPLATE = /\$\{principal\.(\w+)\}/

/** Templates of this vocabulary are the head of the last of three segments; the context leaves unusable values out. */
function onResource(pattern: string): Part {
  const shape = pattern.replace(TEMPLATE, '*')
  const canonical = shape.startsWith('secret/') ? shape.toLowerCase() : shape
  const certain = matchesPattern(context('resource'), canonical, PATH)
  const [, name] = TEMPLATE.exec(pattern) ?? []
  if (!name) return { certain, blindable: [] }
  const filled = dot(dot(context('filled'), name), pattern.endsWith('}') ? 'plain' : 'key')
  const holds = equal(dot(context('resource'), 's2'), filled)
  return { certain, blindable: [{ evaluable: has(context('filled'), name), holds }] }
}
