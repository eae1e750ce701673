import { describe, expect, it } from 'vitest'
import { parsePolicySet } from '../../../../shared/policy/documents/policy-set.ts'
import { principalById, selfGrants } from '../../../../shared/policy/plan/self-grant.ts'
import { wideningsOf } from '../../../../shared/policy/plan/widenings.ts'
import { issuer, role, statement, target } from '../../../support/policy/documents.ts'

const NOW = Date.UTC(2026, 10, 25)
const TENANT = '11111111-1111-4111-8111-111111111111'
const who = (last: number) => ({ entra: { tenant: TENANT, objectId: `b0000000-0000-4000-8000-00000000000${last}` } })
const group = (last: number) => ({ entra: { tenant: TENANT, group: `90000000-0000-4000-8000-00000000000${last}` } })
const any = { any: true, explicit: true }

const parsed = (values: readonly unknown[]) => {
  const set = parsePolicySet(values)
  if (!set.ok) throw new Error(JSON.stringify(set.faults))
  return set.documents.map(({ document }) => document)
}

type Documents = readonly Record<string, unknown>[]
const found = (old: Documents, next: Documents) => wideningsOf(parsed(old), parsed(next), NOW)
const told = async (old: Documents, next: Documents) =>
  (await found(old, next)).map(({ kind, because }) => `${kind}: ${because}`)

const READER = role('reader', ['secret:get'])
const s = (extra: Record<string, unknown> = {}) => statement('s', { principals: [who(1)], ...extra })

describe('wideningsOf says what a new set grants', () => {
  const cases: [string, Documents, Documents, string[]][] = [
    ['a new statement', [READER], [READER, s()], ['permission: the statement is new']],
    [
      'a principal more',
      [READER, s()],
      [READER, s({ principals: [who(1), who(2)] })],
      ['permission: it names more principals'],
    ],
    [
      'a resource more, by a wider pattern',
      [READER, s({ resources: ['secret/main/stripe-*'] })],
      [READER, s()],
      ['permission: it covers more resources'],
    ],
    [
      'a role that gained an action',
      [READER, s()],
      [role('reader', ['secret:get', 'secret:set']), s()],
      ['permission: its roles (reader) gained secret:set'],
    ],
    [
      'another role',
      [READER, role('writer', ['secret:set']), s()],
      [READER, role('writer', ['secret:set']), s({ roles: ['reader', 'writer'] })],
      ['permission: it names more roles (writer)'],
    ],
    [
      'a condition that is gone, and one that lets more through',
      [READER, s({ when: { ip: ['10.1.0.0/16'], purpose: ['settlement'] } })],
      [READER, s({ when: { ip: ['10.0.0.0/8'] } })],
      [
        'condition: `when.ip` lets more through; `when.purpose` is no longer asked',
        'obligation: `addresses` ["10.1.0.0/16"] → ["10.0.0.0/8"]',
      ],
    ],
    [
      'an hour more a day',
      [READER, s({ when: { time: { between: ['07:00', '20:00'], zone: 'UTC' } } })],
      [READER, s({ when: { time: { between: ['07:00', '21:00'], zone: 'UTC' } } })],
      ['condition: `when.time` lets more through'],
    ],
    [
      'a later end',
      [READER, s({ expires: '2027-01-01T00:00:00Z' })],
      [READER, s({ expires: '2028-01-01T00:00:00Z' })],
      ['period: `expires` 2027-01-01T00:00:00Z → 2028-01-01T00:00:00Z'],
    ],
    [
      'a weaker obligation',
      [READER, s({ obligations: { maxTtl: '5m', requireReason: true } })],
      [READER, s({ obligations: { maxTtl: '1h', requireReason: true } })],
      ['obligation: `maxTtlSeconds` 300 → 3600'],
    ],
    [
      'a permit that is enforced now',
      [READER, s({ mode: 'report' })],
      [READER, s()],
      ['permission: the statement was in report mode'],
    ],
    [
      'a strict permit that goes beside a loose one: the loose one is what is left',
      [READER, s(), statement('strict', { obligations: { requireReason: true } })],
      [READER, s()],
      ['obligation: `requireReason` true → none, where statement/strict asked for it'],
    ],
    [
      'a lifted forbid',
      [READER, s(), statement('f', { effect: 'forbid', principals: [any], resources: ['secret/main/stripe-*'] })],
      [READER, s()],
      ['forbid: the forbid is gone, so statement/s is no longer held back'],
    ],
    [
      'a forbid that is only reported',
      [READER, s(), statement('f', { effect: 'forbid' })],
      [READER, s(), statement('f', { effect: 'forbid', mode: 'report' })],
      ['forbid: the forbid is only reported, so statement/s is no longer held back'],
    ],
    ['an issuer', [], [issuer('ci')], ['issuer: the issuer is trusted anew']],
    [
      'an audience and an algorithm more',
      [issuer('ci')],
      [issuer('ci', { audiences: ['api://sallyport', 'api://other'], algorithms: ['RS256', 'ES256'] })],
      ['issuer: `audiences` gained api://other; `algorithms` gained ES256'],
    ],
    [
      'keys from elsewhere',
      [issuer('ci')],
      [issuer('ci', { jwksUri: 'https://keys.example/jwks' })],
      ['issuer: `jwksUri` is another'],
    ],
    [
      'a target that gives more, where somebody may have it',
      [role('reader', ['token:issue']), s({ resources: ['token/**'] }), target('ledger')],
      [
        role('reader', ['token:issue']),
        s({ resources: ['token/**'] }),
        target('ledger', { token: { kind: 'jwt', audience: 'api://ledger', scopes: ['read', 'export'] } }),
      ],
      ['target: `token.scopes` gained export (permitted by s)'],
    ],
  ]

  it.each(cases)('%s', async (_title, old, next, expected) => {
    expect(await told(old, next)).toEqual(expected)
    // What goes back is no grant, whatever it is.
    expect(await told(next, next)).toEqual([])
  })

  it('and nothing of what it only narrows', async () => {
    for (const [, old, next] of cases.filter(([title]) => !/strict permit|report/.test(title))) {
      expect((await told(next, old)).filter((line) => !line.startsWith('issuer: `jwksUri`'))).toEqual([])
    }
  })

  it('for whom, what and where it does', async () => {
    const [widening] = await found([READER, s()], [READER, s({ principals: [who(1), who(2)] })])
    expect(widening).toMatchObject({
      document: 'statement/s',
      principals: [who(2)],
      actions: ['secret:get'],
      resources: ['secret/main/*'],
    })
  })
})

describe('a forbid that cannot tell whom it is about', () => {
  const forbid = (extra: Record<string, unknown>) => statement('f', { effect: 'forbid', ...extra })
  const old = [READER, s(), forbid({ principals: [group(1)], when: { ip: ['10.0.0.0/8'] } })]

  it('is lifted by a wider selector that can, since then its conditions count', async () => {
    const next = [READER, s(), forbid({ principals: [any], when: { ip: ['10.0.0.0/8'] } })]
    expect(await told(old, next)).toEqual(['forbid: the forbid covers less, so statement/s is no longer held back'])
  })

  it('is not when it has no condition to escape by', async () => {
    expect(await told(old, [READER, s(), forbid({ principals: [any] })])).toEqual([])
  })

  it('is lifted where it no longer looks at an address that may be unknown', async () => {
    const time = { between: ['07:00', '20:00'], zone: 'UTC' }
    const before = [READER, s(), forbid({ when: { ip: ['10.0.0.0/8'], time } })]
    expect(await told(before, [READER, s(), forbid({ when: { time } })])).toHaveLength(1)
    expect(await told(before, [READER, s(), forbid({ when: { ip: ['10.0.0.0/8'] } })])).toEqual([])
  })

  it('is lifted where its selector asks for fewer or other claims: one that is missing is enough for a forbid', async () => {
    const ci = (claims: Record<string, string>) => ({ oidc: { issuer: 'ci', subject: 'repo:a/*', claims } })
    const around = [READER, issuer('ci'), s({ principals: [{ oidc: { issuer: 'ci', subject: 'repo:a/b' } }] })]
    const before = [...around, forbid({ principals: [ci({ env: 'dev', actor: 'bot' })] })]
    expect(await told(before, [...around, forbid({ principals: [ci({ env: 'dev' })] })])).toHaveLength(1)
    expect(await told(before, [...around, forbid({ principals: [ci({ env: 'd*', actor: 'bot' })] })])).toHaveLength(1)
  })
})

describe('selfGrants (T36)', () => {
  const author = principalById(`entra:${TENANT}:b0000000-0000-4000-8000-000000000001`)
  if (!author) throw new Error('it is an id')
  const mine = async (old: Documents, next: Documents) =>
    selfGrants(await found(old, next), author).map(({ document }) => document)

  it('finds the author named, everybody, and a group that may be the author’s; not another principal', async () => {
    const grant = (principal: object) => mine([READER], [READER, statement('g', { principals: [principal] })])
    expect(await grant(who(1))).toEqual(['statement/g'])
    expect(await grant(any)).toEqual(['statement/g'])
    expect(await grant(group(1))).toEqual(['statement/g'])
    expect(await grant(who(2))).toEqual([])
  })

  it('finds what reaches the author through a role, a lifted forbid, an issuer, a target', async () => {
    expect(await mine([READER, s()], [role('reader', ['secret:get', 'policy:approve']), s()])).toEqual(['statement/s'])
    const forbid = statement('f', { effect: 'forbid', principals: [any] })
    expect(await mine([READER, s(), forbid], [READER, s()])).toEqual(['statement/f'])
    expect(await mine([], [issuer('mine')])).toEqual(['issuer/mine'])
    const issue = [role('reader', ['token:issue']), s({ resources: ['token/*'] })]
    expect(await mine(issue, [...issue, target('new')])).toEqual(['target/new'])
  })

  it('finds a token that may be exchanged for another, whoever is permitted to have the first', async () => {
    const token = { kind: 'jwt', audience: 'api://a', scopes: ['read'] }
    const old = [role('reader', ['token:issue']), s({ resources: ['token/b'] }), target('b'), target('a', { token })]
    const next = [...old.slice(0, 3), target('a', { token: { ...token, exchangeableFor: ['b'] } })]
    expect(await mine(old, next)).toEqual(['target/a'])
    expect(await mine(next, old)).toEqual([])
  })

  it('takes no text for an id that is none', async () => {
    expect(principalById('entra:me')).toBeUndefined()
    expect(principalById('user@contoso.example')).toBeUndefined()
  })
})
