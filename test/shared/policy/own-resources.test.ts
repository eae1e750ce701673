import { describe, expect, it } from 'vitest'
import { CLOUDS } from '../../../shared/azure/clouds.ts'
import { parsePolicySet } from '../../../shared/policy/documents/policy-set.ts'
import { TargetDocument } from '../../../shared/policy/documents/target.ts'
import { isOwnResource } from '../../../shared/policy/documents/target-kinds/own-resources.ts'

const TENANT = '11111111-1111-4111-8111-111111111111'
const ID = 'c0000000-0000-4000-8000-000000000002'

const target = (token: object) => ({ kind: 'target', name: 'x', access: 'read', token: { kind: 'entra', ...token } })
const system = (resource: string) => target({ resource, identity: 'system', allowGatewayIdentity: true })
const pathsOf = (document: unknown) =>
  TargetDocument.safeParse(document).error?.issues.map(({ path }) => path.join('.')) ?? []

/** What the gateway itself uses, in every cloud. */
const ORIGINS = Object.values(CLOUDS).flatMap(({ vaultSuffix, tableSuffix, blobSuffix, queueSuffix, arm, graph }) => [
  ...[`https://${vaultSuffix}`, `https://sallyport-gateway.${vaultSuffix}`, arm, graph],
  ...[tableSuffix, blobSuffix, queueSuffix].map((suffix) => `https://data.${suffix}`),
])
const OTHERS = [
  ...['https://storage.azure.com', 'https://graph.windows.net', 'https://management.core.windows.net'],
  ...['https://dod-graph.microsoft.us', 'https://managedhsm.azure.net', 'https://graph.chinacloudapi.cn'],
]
const SPELLINGS = [
  (origin: string) => origin,
  (origin: string) => `${origin}/`,
  (origin: string) => `${origin}//.default`,
  (origin: string) => `${origin}.`,
  (origin: string) => `${origin}:443/a`,
  (origin: string) => origin.toUpperCase(),
  (origin: string) => origin.replace('https://', 'HTTPS:\\\\'),
  (origin: string) => origin.replace('https://', 'https://api@'),
  (origin: string) => origin.replace('https://', 'api://'),
  (origin: string) => origin.replace('https://', ''),
  (origin: string) => origin.replace('https://', 'spn:'),
  (origin: string) => origin.replaceAll('.', '%2e'),
  (origin: string) => origin.replaceAll('.', '%252E'),
  (origin: string) => origin.replaceAll('.', '。'),
  (origin: string) => origin.replace(/[a-z]/g, (letter) => String.fromCodePoint(letter.charCodeAt(0) + 0xfee0)),
  (origin: string) => origin.replace('https://', ' https://\t'),
  (origin: string) => origin.replace('https://', 'https://\u200b'),
]

describe('what the gateway’s own identity may never be asked for (T7, T8)', () => {
  it.each([...ORIGINS, ...OTHERS])('refuses %s in every spelling, at validation and at issue', (origin) => {
    for (const spell of SPELLINGS) {
      expect([spell(origin), isOwnResource(spell(origin))]).toEqual([spell(origin), true])
      expect(pathsOf(system(spell(origin)))).toContain('token.resource')
    }
  })

  it.each([
    'cfa8b339-82a2-471a-a3c9-0fc0be7a4093',
    'spn:00000003-0000-0000-C000-000000000000',
    '797f4846-ba00-4fd7-ba43-dac1f8f63013/',
    '{e406a681-f3d4-42a8-90b6-c2b029497af1}',
    'api://AzureADTokenExchange',
    'api://azureadtokenexchangechina/',
    'fb60f99c-7a34-4190-8149-302f77469936',
  ])('refuses %s', (resource) => {
    expect(isOwnResource(resource)).toBe(true)
    expect(pathsOf(system(resource))).toContain('token.resource')
  })

  it.each([
    'api://ledger',
    'https://ledger.contoso.example',
    'https://myvault-azure.net',
    'https://notvault.azure.net.contoso.example',
  ])('lets %s be', (resource) => {
    expect(isOwnResource(resource)).toBe(false)
    expect(pathsOf(system(resource))).toEqual([])
  })

  it.each(['system', { userAssigned: ID }])(
    'needs allowGatewayIdentity for %o, and it for nothing else',
    (identity) => {
      expect(pathsOf(target({ resource: 'api://ledger', identity }))).toEqual(['token.identity'])
      expect(pathsOf(target({ resource: 'api://ledger', identity, allowGatewayIdentity: false }))).toContain(
        'token.allowGatewayIdentity',
      )
      const application = { tenant: TENANT, clientId: ID }
      const stray = target({ resource: 'api://ledger', identity: application, allowGatewayIdentity: true })
      expect(pathsOf(stray)).toEqual(['token.allowGatewayIdentity'])
    },
  )

  it('refuses the gateway’s own audience to its own identity', () => {
    const issuer = {
      ...{ kind: 'issuer', name: 'test', issuer: 'https://issuer.test', audiences: ['api://sallyport'] },
      ...{ algorithms: ['ES256'], principal: 'oidc' },
    }
    const parsed = parsePolicySet([issuer, system('api://sallyport')])
    expect(parsed).toMatchObject({ ok: false, faults: [{ pointer: '/1/token/resource' }] })
  })
})

describe('resources of entra and password targets (T8)', () => {
  const application = { tenant: TENANT, clientId: ID }
  const ODD = [
    ...['', ' ', 'x', 'file:///etc/passwd', 'http://vault.azure.net', 'https://vault.azure.net@evil.example'],
    ...['https://evil.example:444', 'https://VAULT.azure.net', 'https://vault.azure.net.', 'https://[::1]'],
    ...[
      'https://127.0.0.1',
      'https://localhost',
      'https://a.example?x=1',
      'https://a.example#x',
      'https://a.example/%2e%2e',
    ],
    ...[
      'https://a.example/../b',
      'https://a.example/.default',
      'https://a.example//.default',
      'https://a.example/.DEFAULT',
    ],
    ...[
      'https://ä.example',
      'https://а.example',
      'https://a.example\\b',
      'https://a.example/ b',
      'https://a.example\n',
    ],
    ...['https://a..example', 'https://-a.example', 'https://a-.example', 'https://a_b.example', 'javascript:alert(1)'],
    ...[
      'api://',
      'api://a b',
      'api://a?b',
      'api:///a',
      'API://a',
      'urn:a',
      '//a.example',
      'api://a/.default',
      `api://${'a'.repeat(300)}`,
    ],
    ...[
      '0000003-0000-0000-c000-000000000000',
      'C0000000-0000-4000-8000-000000000002',
      'spn:c0000000-0000-4000-8000-000000000002',
    ],
  ]

  it.each(ODD)('refuses %j', (resource) => {
    expect(pathsOf(target({ resource, identity: application }))).toContain('token.resource')
    const password = { kind: 'password', tenant: TENANT, clientId: ID, credential: 'erp', resource }
    expect(pathsOf({ kind: 'target', name: 'x', access: 'read', token: password })).toContain('token.resource')
  })

  it.each(['https://management.azure.com', 'https://management.azure.com/', 'api://ledger/v2', ID])(
    'takes %s',
    (resource) => {
      expect(pathsOf(target({ resource, identity: application }))).toEqual([])
    },
  )
})
