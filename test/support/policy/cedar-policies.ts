import type { Expr, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import { and, call, contains, context, dot, equal, less, matchesPattern, not, or, value } from './cedar-expressions.ts'

type Selector = {
  entra?: { tenant: string; objectId?: string; appId?: string; group?: string; role?: string }
  oidc?: { issuer: string; subject: string; claims?: Record<string, string | number | boolean> }
}
export type OracleStatement = {
  id: string
  effect: 'permit' | 'forbid'
  principals: Selector[]
  roles: string[]
  resources: string[]
  when?: {
    ip?: string[]
    time?: { days?: string; between?: [string, string]; zone: string }
    claims?: Record<string, string | number | boolean>
    purpose?: string[]
  }
  expires?: string
}

const PATH = /\//
const SUBJECT = /[/:]/

/** Roles → actions, for the action scope of a policy. */
export type RoleActions = Readonly<Record<string, readonly string[]>>

/**
 * The Cedar policies of a statement: one for each selector and resource pattern (an error in one must not hide another),
 * and for a forbid one probe per condition, which cannot match but fails where the condition cannot be evaluated, since
 * Cedar's `&&` would stop at an earlier condition that is false.
 */
export function cedarPolicies(statement: OracleStatement, roles: RoleActions): Record<string, PolicyJson> {
  const actions = statement.roles.flatMap((role) => roles[role] ?? [])
  const policies: Record<string, PolicyJson> = {}
  for (const [p, selector] of statement.principals.entries()) {
    for (const [r, pattern] of statement.resources.entries()) {
      const scope = [...inForce(statement), ...about(selector), ...onResource(pattern)]
      const conditions = [
        ...blindable(selector),
        ...templated(pattern),
        ...groupTest(selector),
        ...conditionsOf(statement),
      ]
      const put = (name: string, body: Expr) => {
        policies[`${statement.id}/${p}/${r}/${name}`] = policy(statement.effect, actions, body)
      }
      put('rule', and(...scope, ...conditions))
      if (statement.effect === 'permit') continue
      for (const [at, condition] of conditions.entries()) put(`probe${at}`, and(...scope, condition, value(false)))
    }
  }
  return policies
}

const policy = (effect: 'permit' | 'forbid', actions: readonly string[], body: Expr): PolicyJson => ({
  effect,
  principal: { op: 'All' },
  action: { op: 'in', entities: actions.map((id) => ({ type: 'Action', id })) },
  resource: { op: 'All' },
  conditions: [{ kind: 'when', body }],
})

const inForce = ({ expires }: OracleStatement) => (expires ? [less(context('now'), value(Date.parse(expires)))] : [])

/** What can be told of every caller. */
function about({ entra, oidc }: Selector): Expr[] {
  if (oidc) {
    return [
      equal(context('kind'), value('oidc')),
      equal(context('issuer'), value(oidc.issuer)),
      matchesPattern(context('subject'), oidc.subject, SUBJECT),
    ]
  }
  if (!entra) return []
  const tenant = [equal(context('kind'), value('entra')), equal(context('tenant'), value(entra.tenant))]
  if (entra.objectId) return [...tenant, equal(context('objectId'), value(entra.objectId))]
  if (entra.appId) return [...tenant, equal(context('appId'), value(entra.appId))]
  return entra.role ? [...tenant, contains(context('roles'), value(entra.role))] : tenant
}

/** Conditions of a selector: claims that may be missing, a token that may be a user's. */
function blindable({ entra, oidc }: Selector): Expr[] {
  if (entra?.appId) return [context('isApp')]
  return Object.entries(oidc?.claims ?? {}).map(([name, wanted]) => claimIs(name, wanted))
}

/** Fails on an overage, where the context has no groups. */
const groupTest = ({ entra }: Selector) => (entra?.group ? [contains(context('groups'), value(entra.group))] : [])

const TEMPLATE = /\$\{principal\.(\w+)\}/

/** The segments without a template. */
function onResource(pattern: string): Expr[] {
  const canonical = pattern.startsWith('secret/') ? pattern.replace(/\$\{[^}]*\}|[^$]+/g, lowerOutside) : pattern
  return [matchesPattern(context('resource'), canonical.replace(TEMPLATE, '*'), PATH)]
}

/** The templates of this vocabulary are the head of the last of three segments; the context leaves unusable values out. */
function templated(pattern: string): Expr[] {
  const [, name] = TEMPLATE.exec(pattern) ?? []
  if (!name) return []
  const suffix = pattern.slice(pattern.indexOf('}') + 1)
  return [equal(dot(context('resource'), 's2'), dot(dot(context('filled'), name), suffix === '' ? 'plain' : 'key'))]
}

const lowerOutside = (part: string) => (part.startsWith('${') ? part : part.toLowerCase())

function conditionsOf({ when = {} }: OracleStatement): Expr[] {
  const { ip, time, claims, purpose } = when
  return [
    ...(ip ? [or(...ip.map((range) => call('isInRange', context('ip'), call('ip', value(range)))))] : []),
    ...(time ? [timeIs(time)] : []),
    ...(purpose ? [or(...purpose.map((one) => equal(context('purpose'), value(one))))] : []),
    ...Object.entries(claims ?? {}).map(([name, wanted]) => claimIs(name, wanted)),
  ]
}

/** Claims come as `{texts}`, `{number}` or `{bool}`: asking for another type than there is fails, as it must. */
function claimIs(name: string, wanted: string | number | boolean): Expr {
  const claim = context('claims', name)
  if (typeof wanted === 'number') return equal(dot(claim, 'number'), value(wanted))
  if (typeof wanted === 'boolean') return wanted ? dot(claim, 'bool') : not(dot(claim, 'bool'))
  const pattern = name === 'xms_mirid' ? wanted.toLowerCase() : wanted
  const count = dot(dot(claim, 'texts'), 'count')
  const nth = (at: number) => matchesPattern(dot(dot(claim, 'texts'), `t${at}`), pattern, PATH)
  return or(and(less(value(0), count), nth(0)), and(less(value(1), count), nth(1)))
}

const WEEK = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** Written out day by day: the window's part before midnight, and what spills into the next day. */
function timeIs({
  days = 'sun-sat',
  between = ['00:00', '24:00'],
  zone,
}: NonNullable<NonNullable<OracleStatement['when']>['time']>): Expr {
  const minute = context('clocks', zone, 'minute')
  const day = context('clocks', zone, 'day')
  const [from, to] = between.map((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))) as [number, number]
  const windows = listDays(days).map((name) => {
    const at = WEEK.indexOf(name)
    const sameDay = and(
      equal(day, value(at)),
      not(less(minute, value(from))),
      less(minute, value(from < to ? to : 1_440)),
    )
    return from < to ? sameDay : or(sameDay, and(equal(day, value((at + 1) % 7)), less(minute, value(to))))
  })
  return or(...windows)
}

function listDays(text: string): string[] {
  return text.split(',').flatMap((part) => {
    const [first = '', last = first] = part.split('-')
    const twice = [...WEEK, ...WEEK]
    const start = twice.indexOf(first)
    return twice.slice(start, twice.indexOf(last, start) + 1)
  })
}
