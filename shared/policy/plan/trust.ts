import { canonicalJson } from '../documents/canonical-json.ts'
import type { PolicyDocument } from '../documents/document.ts'
import type { IssuerDocument } from '../documents/issuer.ts'
import type { TargetDocument } from '../documents/target.ts'
import { resourcesMeet } from './pattern-order.ts'
import type { Rules } from './rule.ts'
import { EVERYBODY, type Widening } from './widening.ts'

type Target = TargetDocument
type Of<K extends PolicyDocument['kind']> = PolicyDocument & { kind: K }

export function of<K extends PolicyDocument['kind']>(documents: readonly PolicyDocument[], kind: K): Of<K>[] {
  return documents.filter((one): one is Of<K> => one.kind === kind)
}

/** Issuers whose tokens are accepted anew or under less. Whoever runs one may call itself anybody, so it may help everybody. */
export function newTrust(old: readonly PolicyDocument[], next: readonly PolicyDocument[]): Widening[] {
  const before = new Map(of(old, 'issuer').map((issuer) => [issuer.name, issuer]))
  return of(next, 'issuer').flatMap((issuer) => {
    const reasons = looserTrust(issuer, before.get(issuer.name))
    if (reasons.length === 0) return []
    const because = reasons.join('; ')
    return [
      { kind: 'issuer', document: `issuer/${issuer.name}`, because, principals: EVERYBODY, actions: [], resources: [] },
    ]
  })
}

function looserTrust(issuer: IssuerDocument, was: IssuerDocument | undefined): string[] {
  if (!was) return ['the issuer is trusted anew']
  const { audiences, algorithms, maxLifetimeSeconds, audienceArray, name: _name, ...rest } = issuer
  const {
    audiences: _a,
    algorithms: _b,
    maxLifetimeSeconds: oldLifetime,
    audienceArray: _c,
    name: _d,
    ...oldRest
  } = was
  const more = (name: 'audiences' | 'algorithms', values: readonly string[]) => {
    const added = values.filter((value) => !(was[name] as readonly string[]).includes(value))
    return added.length > 0 ? [`\`${name}\` gained ${added.join(', ')}`] : []
  }
  return [
    ...more('audiences', audiences),
    ...more('algorithms', algorithms),
    ...(oldLifetime !== undefined && (maxLifetimeSeconds ?? Number.POSITIVE_INFINITY) > oldLifetime
      ? [`\`maxLifetimeSeconds\` ${oldLifetime} → ${maxLifetimeSeconds ?? 'none'}`]
      : []),
    ...(audienceArray && !was.audienceArray ? ['arrays of one audience are accepted'] : []),
    ...changedFields(oldRest, rest).map((name) => `\`${name}\` is another`),
  ]
}

/** Targets that are new or give something else or more, where a permit of the new set covers a token of them. */
export function widerTargets(
  old: readonly PolicyDocument[],
  next: readonly PolicyDocument[],
  rules: Rules,
): Widening[] {
  const before = new Map(of(old, 'target').map((target) => [target.name, target]))
  return of(next, 'target').flatMap((target) => {
    const reasons = widerTarget(target, before.get(target.name))
    if (reasons.length === 0) return []
    const action = target.access === 'read' ? 'token:issue' : 'token:issueWrite'
    const resource = `token/${target.name}`
    const permits = rules.permits.filter(
      ({ actions, document }) => actions.has(action) && document.resources.some((one) => resourcesMeet(one, resource)),
    )
    const exchanged = gained(target, before.get(target.name))
    if (permits.length === 0 && !exchanged) return []
    const named = permits.map(({ document }) => document.id).join(', ')
    const because = `${reasons.join('; ')} (permitted by ${named || 'none'})`
    const principals = exchanged ? EVERYBODY : permits.flatMap(({ document }) => document.principals)
    return [
      {
        kind: 'target',
        document: `target/${target.name}`,
        because,
        principals,
        actions: [action],
        resources: [resource],
      },
    ]
  })
}

/** TRAP: who gains by an exchange is who may have the other target and was sent, or still holds, a token of this one. */
function gained({ token }: Target, was: Target | undefined): boolean {
  const before = was?.token.kind === 'jwt' ? was.token.exchangeableFor : []
  return token.kind === 'jwt' && (token.exchangeableFor ?? []).some((name) => !before?.includes(name))
}

/** Lists of which fewer are less, and numbers of which a smaller one is less; any other difference counts as wider. */
const POWERS = ['scopes', 'permissions', 'roles', 'groups', 'exchangeableFor']

function widerTarget(target: Target, was: Target | undefined): string[] {
  if (!was) return ['the target is new']
  const access = target.access === was.access ? [] : [`\`access\` ${was.access} → ${target.access}`]
  return [...access, ...widerToken(was.token, target.token)]
}

function widerToken(was: Readonly<Record<string, unknown>>, token: Readonly<Record<string, unknown>>): string[] {
  return changedFields(was, token).flatMap((name) => {
    const [before, now] = [was[name], token[name]]
    if (POWERS.includes(name) && Array.isArray(now ?? [])) {
      const added = ((now ?? []) as unknown[]).filter((value) => !(Array.isArray(before) && before.includes(value)))
      return added.length > 0 ? [`\`token.${name}\` gained ${added.join(', ')}`] : []
    }
    if (name === 'maxTtlSeconds' && Number(now) < Number(before)) return []
    return [`\`token.${name}\` is another`]
  })
}

/** Names of the fields, of either, that differ. */
export function changedFields(was: object, now: object): string[] {
  const [before, after] = [was, now].map((one) => new Map(Object.entries(one))) as [
    Map<string, unknown>,
    Map<string, unknown>,
  ]
  const same = (name: string) => canonicalJson(before.get(name) ?? null) === canonicalJson(after.get(name) ?? null)
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => !same(name)).sort()
}
