import fc from 'fast-check'
import type { Principal } from '../../../shared/identity/principal.ts'
import type { Action } from '../../../shared/policy/actions.ts'
import type { Question } from '../../../shared/policy/decision.ts'
import * as V from './vocabulary.ts'

const one = <T>(values: readonly T[]) => fc.constantFrom(...values)
const maybe = <T>(values: readonly T[]) => fc.option(one(values), { nil: undefined })
/** One time in four: a statement with every condition at once never matches anything. */
const seldom = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })
const some = <T>(values: readonly T[], max = 2) => fc.uniqueArray(one(values), { minLength: 1, maxLength: max })
const clean = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T

const wantedClaim = (name: keyof typeof V.CLAIMS) =>
  one<string | number | boolean>(V.CLAIMS[name].wanted).map((value) => ({ [name]: value }))
const wantedClaims = fc
  .uniqueArray(one(Object.keys(V.CLAIMS) as (keyof typeof V.CLAIMS)[]), { minLength: 1, maxLength: 2 })
  .chain((names) => fc.tuple(...names.map(wantedClaim)))
  .map((claims) => Object.assign({}, ...claims) as Record<string, string | number | boolean>)

const entra = fc.oneof(
  fc.record({ tenant: one(V.TENANTS), objectId: one(V.OBJECTS) }),
  fc.record({ tenant: one(V.TENANTS), appId: one(V.APPS) }),
  fc.record({ tenant: one(V.TENANTS), group: one(V.GROUPS) }),
  fc.record({ tenant: one(V.TENANTS), role: one(V.ROLES) }),
)
const oidc = fc
  .record({
    issuer: one(V.OIDC),
    subject: one(V.SUBJECT_PATTERNS),
    claims: seldom(wantedClaims),
  })
  .map(clean)
const selector = fc.oneof(
  { weight: 3, arbitrary: entra.map((value) => ({ entra: value })) },
  { weight: 2, arbitrary: oidc.map((value) => ({ oidc: value })) },
  { weight: 2, arbitrary: fc.constant({ any: true, explicit: true }) },
)

const time = fc
  .record({
    days: maybe(['mon-fri', 'sat,sun', 'fri-mon', 'wed']),
    between: fc.option(
      one([
        ['07:00', '20:00'],
        ['22:00', '06:00'],
        ['00:00', '24:00'],
      ] as const),
      { nil: undefined },
    ),
    zone: one(V.ZONES),
  })
  .map(clean)
  .filter((value) => 'days' in value || 'between' in value)

const conditions = (effect: string) =>
  fc
    .record({
      ip: seldom(some(V.RANGES)),
      time: seldom(time),
      claims: seldom(wantedClaims),
      purpose: effect === 'permit' ? seldom(some(V.PURPOSES)) : fc.constant(undefined),
    })
    .map(clean)
    .filter((when) => Object.keys(when).length > 0)

const approver = (at: number) => `entra:${V.TENANTS[0]}:${V.OBJECTS[at]}`
export const obligations = fc
  .record({
    maxTtl: maybe(['5m', '1h', '90s']),
    oneTime: maybe([true, false]),
    requireReason: maybe([true, false]),
    requireDpop: maybe([true, false]),
    approval: maybe([
      null,
      { count: 1, approvers: [approver(0)] },
      { count: 2, approvers: [approver(0), approver(1)] },
    ]),
    rate: maybe(['60/min', '10/sec', '500/hour']),
    quota: maybe(['1000/day', '5/min', '100/hour']),
  })
  .map(clean)

export const ROLE_DOCUMENTS = [
  { kind: 'role', name: 'reader', actions: ['secret:get', 'token:issue'] },
  { kind: 'role', name: 'writer', actions: ['secret:set', 'policy:read'] },
] as const

export const ISSUER_DOCUMENTS = V.OIDC.map((name) => ({
  kind: 'issuer',
  name,
  issuer: `https://${name}.example`,
  audiences: ['api://sallyport'],
  algorithms: ['RS256'],
  principal: 'oidc',
}))

/** One statement cannot ask for an approval and skip it. */
function withoutSkippedApproval<T extends { breakGlass?: boolean | undefined; obligations?: object | undefined }>(
  one: T,
): T {
  return one.breakGlass && one.obligations ? { ...one, obligations: { ...one.obligations, approval: null } } : one
}

const statement = fc
  .tuple(one(['permit', 'permit', 'forbid'] as const), one(['enforce', 'enforce', 'enforce', 'report'] as const))
  .chain(([effect, mode]) =>
    fc
      .record({
        kind: fc.constant('statement'),
        id: fc.constant('x'),
        effect: fc.constant(effect),
        mode: fc.constant(mode),
        principals: fc.uniqueArray(selector, {
          minLength: 1,
          maxLength: 3,
          selector: (value) => JSON.stringify(value),
        }),
        roles: some(['reader', 'writer']),
        resources: some(V.RESOURCE_PATTERNS),
        when: fc.option(conditions(effect), { nil: undefined, freq: 2 }),
        obligations: effect === 'permit' ? fc.option(obligations, { nil: undefined, freq: 2 }) : fc.constant(undefined),
        breakGlass: effect === 'permit' ? seldom(fc.boolean()) : fc.constant(undefined),
        expires: seldom(one(['2026-06-01T00:00:00Z', '2027-06-01T00:00:00Z'])),
      })
      .map(clean)
      .map(withoutSkippedApproval),
  )

export type StatementLike = { id: string; effect: string; mode: string } & Record<string, unknown>

/** Statements with ids `s0`, `s1`, …; valid together with ROLE_DOCUMENTS and ISSUER_DOCUMENTS. */
export const statements = (max: number): fc.Arbitrary<StatementLike[]> =>
  fc.array(statement, { maxLength: max }).map((list) => list.map((value, at) => ({ ...value, id: `s${at}` })))

const claims = fc
  .record({
    env: maybe(V.CLAIMS.env.values),
    level: maybe(V.CLAIMS.level.values),
    ok: maybe(V.CLAIMS.ok.values),
    xms_mirid: maybe(V.CLAIMS.xms_mirid.values),
    scp: maybe([undefined, undefined, 'user_impersonation']),
  })
  .map(clean)

const base = { roles: [], expiresAt: 0, validatedAt: 0 }

const entraPrincipal = fc
  .record({
    tenant: one(V.TENANTS),
    objectId: one(V.OBJECTS),
    appId: one(V.APPS),
    roles: fc.subarray([...V.ROLES]),
    claims,
  })
  .chain((value) =>
    fc.oneof(fc.subarray([...V.GROUPS]), fc.constant('overage' as const)).map(
      (groups): Principal => ({
        ...base,
        ...value,
        groups,
        kind: 'entra',
        issuerName: 'entra',
        id: `entra:${value.tenant}:${value.objectId}`,
        subject: value.objectId,
      }),
    ),
  )

const oidcPrincipal = fc
  .record({ issuerName: one(V.OIDC), subject: one(V.SUBJECTS), claims })
  .map((value): Principal => ({ ...base, ...value, groups: [], kind: 'oidc', id: `oidc:${value.issuerName}:x` }))

export const principals = fc.oneof(entraPrincipal, oidcPrincipal)

/** Half an hour apart over two weeks that hold the end of Berlin's summer time. */
export const instants = fc.integer({ min: 0, max: 672 }).map((step) => Date.UTC(2026, 9, 18) + step * 1_800_000)

export const questions: fc.Arbitrary<Question> = fc.record({
  principal: principals,
  action: one(V.ACTIONS_USED) as fc.Arbitrary<Action>,
  resource: one(V.RESOURCES),
  context: fc.record({ clientAddress: maybe(V.ADDRESSES), purpose: maybe(V.PURPOSES) }).map(clean),
}) as fc.Arbitrary<Question>
