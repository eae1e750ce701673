import { describe, expect, it } from 'vitest'
import { parsePolicySet } from '../../../../shared/policy/documents/policy-set.ts'
import { issuer, role, statement, target } from '../../../support/policy/documents.ts'

const TENANT = '11111111-1111-4111-8111-111111111111'
const ENTRA = { principal: 'entra', issuer: `https://login.microsoftonline.com/${TENANT}/v2.0` }

/** Pointers of the faults of one document in a set that has the role `reader` and the OIDC issuer `ci`. */
function faults(document: unknown): string[] {
  const parsed = parsePolicySet([document, role('reader'), issuer('ci')])
  return parsed.ok ? [] : parsed.faults.map(({ pointer }) => pointer)
}

describe('documents that are accepted', () => {
  it.each([
    ['the least a statement needs', statement('s')],
    [
      'every condition',
      statement('s', {
        when: {
          ip: ['10.0.0.0/8', '::1'],
          time: { days: 'mon-fri', between: ['07:00', '20:00'], zone: 'Europe/Berlin' },
          claims: { xms_mirid: '/subscriptions/**', ok: true, n: 1 },
          purpose: ['settlement'],
        },
      }),
    ],
    [
      'every obligation',
      statement('s', {
        obligations: {
          maxTtl: '15m',
          oneTime: false,
          requireReason: true,
          requireDpop: false,
          approval: null,
          rate: '60/min',
          quota: '1000/day',
        },
      }),
    ],
    ['a report-only forbid', statement('s', { effect: 'forbid', mode: 'report' })],
    [
      'times with an offset',
      statement('s', { notBefore: '2026-01-01T00:00:00+02:00', expires: '2027-01-01T00:00:00Z' }),
    ],
    [
      'an OIDC subject',
      statement('s', {
        principals: [{ oidc: { issuer: 'ci', subject: 'repo:acme/*:**', claims: { environment: 'prod' } } }],
      }),
    ],
    ['an Entra v2 issuer', issuer('e', ENTRA)],
    ['an Entra v1 issuer', issuer('e', { ...ENTRA, issuer: `https://sts.windows.net/${TENANT}/` })],
    ['a target', target('ledger', { resources: ['https://ledger.example/'] })],
    [
      'a secret rule',
      {
        kind: 'secretRule',
        secret: 'main/stripe-api-key',
        owner: 'team-billing',
        consumers: [`entra:${TENANT}:${TENANT}`],
        knownTo: ['ops'],
        maxAgeDays: 90,
        expiresRequired: true,
      },
    ],
    ['a reference to the schema, for editors', { $schema: '../policy.schema.json', ...role('x') }],
  ])('%s', (_name, document) => {
    expect(faults(document)).toEqual([])
  })
})

describe('faults of a document', () => {
  it.each([
    ['no object', 5, ['/0']],
    ['a list', [], ['/0']],
    ['no kind', {}, ['/0/kind']],
    ['a kind of later', { kind: 'teapot' }, ['/0/kind']],
    ['a rotator of later', { kind: 'rotation' }, ['/0/rotator']],
    ['an unknown field', role('x') && { ...role('x'), 'a/b~c': 1 }, ['/0/a~1b~0c']],
    ['an unknown action', role('x', ['secret:*']), ['/0/actions/0']],
    ['an action of Object', role('x', ['toString']), ['/0/actions/0']],
    ['a repeated action', role('x', ['secret:get', 'secret:get']), ['/0/actions/1']],
    ['no action', role('x', []), ['/0/actions']],
    ['everybody without the explicit flag (T36)', statement('s', { principals: [{ any: true }] }), ['/0/principals/0']],
    [
      'every subject of an issuer without the flag (T36)',
      statement('s', { principals: [{ oidc: { issuer: 'ci', subject: '**' } }] }),
      ['/0/principals/0'],
    ],
    [
      'the flag where nobody needs it',
      statement('s', { principals: [{ explicit: true, oidc: { issuer: 'ci', subject: 'x' } }] }),
      ['/0/principals/0/explicit'],
    ],
    [
      'two ways to name a principal',
      statement('s', { principals: [{ any: true, explicit: true, oidc: { issuer: 'ci', subject: 'x' } }] }),
      ['/0/principals/0'],
    ],
    [
      'an Entra principal of the whole tenant',
      statement('s', { principals: [{ entra: { tenant: TENANT } }] }),
      ['/0/principals/0/entra'],
    ],
    [
      'a principal by name (T5)',
      statement('s', { principals: [{ entra: { tenant: TENANT, upn: 'a@b.c' } }] }),
      ['/0/principals/0/entra/upn', '/0/principals/0/entra'],
    ],
    [
      'an upper-case GUID, which no token holds',
      statement('s', { principals: [{ entra: { tenant: TENANT, objectId: 'B0000000-0000-4000-8000-000000000001' } }] }),
      ['/0/principals/0/entra/objectId'],
    ],
    [
      'a claim its subject can change (T5)',
      statement('s', { when: { claims: { Email: 'a@b.c' } } }),
      ['/0/when/claims/Email'],
    ],
    [
      'the same in a principal (T5)',
      statement('s', { principals: [{ oidc: { issuer: 'ci', subject: 'x', claims: { preferred_username: '*' } } }] }),
      ['/0/principals/0/oidc/claims/preferred_username'],
    ],
    ['a purpose in a forbid', statement('s', { effect: 'forbid', when: { purpose: ['x'] } }), ['/0/when/purpose']],
    ['obligations in a forbid', statement('s', { effect: 'forbid', obligations: {} }), ['/0/obligations']],
    ['no condition in when', statement('s', { when: {} }), ['/0/when']],
    [
      '** inside a resource',
      statement('s', { resources: ['secret/**/x', 'secret/main/a**'] }),
      ['/0/resources/0', '/0/resources/1'],
    ],
    [
      'a resource that can never match',
      statement('s', { resources: ['secret/main', 'token/a/b', 'policy/x', 'token'] }),
      ['/0/resources/0', '/0/resources/1', '/0/resources/2', '/0/resources/3'],
    ],
    [
      'an unknown kind of resource',
      statement('s', { resources: ['*', 'Secret/a/b', ''] }),
      ['/0/resources/0', '/0/resources/1', '/0/resources/2'],
    ],
    ['an unknown template', statement('s', { resources: [`secret/main/\${principal.claims.x}`] }), ['/0/resources/0']],
    ['a template in a claim', statement('s', { when: { claims: { a: `\${principal.id}` } } }), ['/0/when/claims/a']],
    [
      'an end before the beginning',
      statement('s', { notBefore: '2027-01-01T00:00:00Z', expires: '2026-01-01T00:00:00Z' }),
      ['/0/expires'],
    ],
    ['a date that is none', statement('s', { expires: '2027-02-30T00:00:00Z' }), ['/0/expires']],
    [
      'a lifetime over a day',
      statement('s', { obligations: { maxTtl: '25h', rate: '0/min', quota: '5/sec' } }),
      ['/0/obligations/maxTtl', '/0/obligations/rate', '/0/obligations/quota'],
    ],
    [
      'more approvals than approvers',
      statement('s', { obligations: { approval: { count: 2, approvers: ['oidc:ci:eA'] } } }),
      ['/0/obligations/approval/count'],
    ],
    ['an unknown role', statement('s', { roles: ['nope'] }), ['/0/roles/0']],
    [
      'an unknown issuer',
      statement('s', { principals: [{ oidc: { issuer: 'other', subject: 'x' } }] }),
      ['/0/principals/0/oidc/issuer'],
    ],
    [
      'an issuer of every tenant (T4)',
      issuer('e', { ...ENTRA, issuer: 'https://login.microsoftonline.com/common/v2.0' }),
      ['/0/issuer'],
    ],
    ['an issuer by http', issuer('e', { issuer: 'http://e.example' }), ['/0/issuer']],
    ['an issuer with a query', issuer('e', { issuer: 'https://e.example/?x' }), ['/0/issuer']],
    ['an issuer with user information', issuer('e', { issuer: 'https://a@e.example' }), ['/0/issuer']],
    ['the audience of ARM (T6)', issuer('e', { audiences: ['https://Management.azure.com/'] }), ['/0/audiences/0']],
    [
      'no algorithm, HMAC, none (T1)',
      issuer('e', { algorithms: ['HS256', 'none'] }),
      ['/0/algorithms/0', '/0/algorithms/1'],
    ],
    ['keys by http', issuer('e', { jwksUri: 'http://e.example/keys' }), ['/0/jwksUri']],
    ['no access', { ...target('t'), access: undefined }, ['/0/access']],
    ['a kind of token of later', target('t', { token: { kind: 'teapot' } }), ['/0/token/kind']],
    [
      'an hour and a second',
      target('t', { token: { kind: 'jwt', audience: 'a', scopes: [], maxTtlSeconds: 3_601 } }),
      ['/0/token/maxTtlSeconds'],
    ],
    [
      'a scope with a space',
      target('t', { token: { kind: 'jwt', audience: 'a', scopes: ['a b'] } }),
      ['/0/token/scopes/0'],
    ],
    [
      'a federation’s audience',
      target('t', { token: { kind: 'jwt', audience: 'api://AzureADTokenExchange', scopes: [] } }),
      ['/0/token/audience'],
    ],
    [
      'the gateway’s own audience',
      target('t', { token: { kind: 'jwt', audience: 'api://sallyport', scopes: [] } }),
      ['/0/token/audience'],
    ],
    [
      'an exchange for a target that does not exist (T6)',
      target('t', { token: { kind: 'jwt', audience: 'api://t', scopes: [], exchangeableFor: ['t', 'nowhere'] } }),
      ['/0/token/exchangeableFor/1'],
    ],
    [
      'a resource with a fragment',
      target('t', { resources: ['https://a.example/#x', 'relative'] }),
      ['/0/resources/0', '/0/resources/1'],
    ],
  ])('refuses %s', (_name, document, pointers) => {
    expect(faults(document)).toEqual(pointers)
  })

  it.each([
    ['CR LF', 'a\r\nb'],
    ['NUL', 'a\u0000'],
    ['ESC', '\u001b[31m'],
    ['C1', 'a\u0085'],
    ['line separator', 'a\u2028'],
    ['right-to-left override', 'a\u202eb'],
    ['zero width', 'a\u200bb'],
    ['lone surrogate', 'a\ud800'],
  ])('T26: refuses %s wherever text is free', (_name, text) => {
    expect(faults(statement('s', { owner: text, when: { claims: { env: text } } }))).toEqual([
      '/0/when/claims/env',
      '/0/owner',
    ])
    expect(faults(statement(text))).toEqual(['/0/id'])
    expect(faults({ kind: 'secretRule', secret: 'main/a', owner: text })).toEqual(['/0/owner'])
  })

  it.each([
    'a/b',
    'a\\b',
    'a#b',
    'a?b',
    '..',
    '.',
    '',
    'A',
    `a' or '1' eq '1`,
    'a|000000000001',
    '-a',
    'a-',
    'x'.repeat(64),
  ])('T15, T16: refuses %j as a name, which ends up in a key', (name) => {
    expect(faults(role(name))).toEqual(['/0/name'])
  })

  it('says what is wrong without repeating the value', () => {
    const parsed = parsePolicySet([
      statement('s', { owner: 'canary-value\n', resources: ['canary-value'], canary: 'canary-value' }),
    ])
    expect(JSON.stringify(parsed)).not.toContain('canary-value')
  })
})

describe('faults between documents', () => {
  it.each([
    ['one name twice', [role('a'), role('a')], ['/1/name']],
    ['one id twice', [role('reader'), statement('s'), statement('s')], ['/2/id']],
    ['one iss twice', [issuer('a'), issuer('b', { issuer: 'https://a.example' })], ['/1/issuer']],
    [
      'one resource of two targets',
      [target('a', { resources: ['https://x.example/'] }), target('b', { resources: ['https://x.example/'] })],
      ['/1/resources/0'],
    ],
    [
      'one secret with two rules',
      [
        { kind: 'secretRule', secret: 'main/a', owner: 'x' },
        { kind: 'secretRule', secret: 'main/a', owner: 'y' },
      ],
      ['/1/secret'],
    ],
  ])('refuses %s', (_name, documents, pointers) => {
    const parsed = parsePolicySet(documents)
    expect(parsed.ok ? [] : parsed.faults.map(({ pointer }) => pointer)).toEqual(pointers)
  })

  it('does not call a role unknown whose own document is at fault', () => {
    const parsed = parsePolicySet([role('reader', ['nope']), statement('s')])
    expect(parsed.ok ? [] : parsed.faults.map(({ pointer }) => pointer)).toEqual(['/0/actions/0'])
  })

  it('lets kinds share a name', () => {
    expect(parsePolicySet([role('x'), issuer('x'), target('x')])).toMatchObject({ ok: true })
  })
})
