import { describe, expect, it } from 'vitest'
import { CONTOSO, createDoor, KEY, outcome } from './support/door.ts'
import { APP, entraClaims, HOME, OID, token, v1 } from './support/tokens.ts'

const PAIRWISE = 'pairwise-subject'
const door = () => createDoor({ issuers: [CONTOSO, { ...CONTOSO, name: 'contoso-v1', issuer: v1(HOME) }] })
const principalOf = (overrides: object, version: 'v1' | 'v2' = 'v2') =>
  door().authenticate(token(entraClaims(overrides, version), KEY))
const outcomeOf = (overrides: object, version: 'v1' | 'v2' = 'v2') =>
  outcome(door(), token(entraClaims(overrides, version), KEY))

describe('applications and users (T5)', () => {
  it.each(['v1', 'v2'] as const)('names the application of an app-only token (%s)', async (version) => {
    expect(await principalOf({}, version)).toMatchObject({ id: `entra:${HOME}:${OID}`, appId: APP })
    expect(await principalOf({ idtyp: undefined }, version)).toMatchObject({ appId: APP })
  })

  it.each([{ idtyp: 'user' }, { idtyp: undefined }])(
    'names no application for a user who signed in through it (%j)',
    async ({ idtyp }) => {
      const principal = await principalOf({ idtyp, scp: 'access', sub: PAIRWISE })
      expect(principal.id).toBe(`entra:${HOME}:${OID}`)
      expect(principal.appId).toBeUndefined()
      expect(principal.claims['azp']).toBe(APP)
    },
  )

  it.each([
    ['an app with delegated scopes', { idtyp: 'app', scp: 'access' }],
    ['a user without scopes', { idtyp: 'user' }],
    ['a device', { idtyp: 'device' }],
    ['a kind in capitals', { idtyp: 'APP' }],
    ['empty scopes', { idtyp: undefined, scp: '' }],
    ['scopes as a list', { idtyp: undefined, scp: ['access'] }],
    ['no kind, no scopes, and a pairwise subject', { idtyp: undefined, sub: PAIRWISE }],
  ])('refuses %s', async (_, overrides) => {
    expect(await outcomeOf(overrides)).toBe('invalid_token caller_kind_unclear')
  })

  it.each([
    ['v1', 'azp'],
    ['v2', 'appid'],
  ] as const)('refuses a %s token that has only %s', async (version, name) => {
    const other = version === 'v1' ? 'appid' : 'azp'
    expect(await outcomeOf({ [other]: undefined, [name]: APP }, version)).toBe('invalid_token app_missing')
  })

  it.each([undefined, '', 'admin', OID.toUpperCase(), `${OID} `, `{${OID}}`, [OID]])('refuses oid %j', async (oid) => {
    expect(await outcomeOf({ oid, sub: oid ?? OID })).toMatch(/^invalid_token (object_id|subject)_malformed$/)
  })

  it('never keys on name, upn or e-mail', async () => {
    const mutable = { upn: 'root@contoso.test', email: 'root@contoso.test', preferred_username: 'root', name: 'root' }
    const one = await principalOf(mutable)
    const two = await principalOf({})
    expect(without(one, 'claims')).toEqual(without(two, 'claims'))
  })
})

const without = <T extends object>(value: T, name: keyof T) => ({ ...value, [name]: undefined })

describe('groups and roles', () => {
  it('keeps what the token lists', async () => {
    expect(await principalOf({ groups: ['g1', 'g2'], roles: ['r'] })).toMatchObject({
      groups: ['g1', 'g2'],
      roles: ['r'],
    })
    expect(await principalOf({})).toMatchObject({ groups: [], roles: [] })
  })

  it.each([
    ['a distributed claim', { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://x' } } }],
    ['a distributed claim beside some groups', { groups: ['g1'], _claim_names: { groups: 'src1' } }],
    ['hasgroups', { hasgroups: true }],
    ['hasgroups as text', { hasgroups: 'true' }],
    ['groups:src1', { 'groups:src1': 'src1' }],
  ])('says overage for %s, never "no groups"', async (_, overrides) => {
    expect((await principalOf(overrides)).groups).toBe('overage')
  })

  it('lets claim names about other claims pass', async () => {
    expect((await principalOf({ groups: ['g'], _claim_names: { extra: 'src1' }, hasgroups: false })).groups).toEqual([
      'g',
    ])
  })

  it.each(['g1', { a: 1 }, [1], [['g1']], null])('refuses groups and roles that are %j', async (value) => {
    expect(await outcomeOf({ groups: value })).toBe('invalid_token groups_malformed')
    expect(await outcomeOf({ roles: value })).toBe('invalid_token roles_malformed')
  })

  it('refuses a token that leaves roles out', async () => {
    expect(await outcomeOf({ _claim_names: { roles: 'src1' } })).toBe('invalid_token roles_malformed')
    expect(await outcomeOf({ _claim_names: 'roles' })).toBe('invalid_token roles_malformed')
  })
})
