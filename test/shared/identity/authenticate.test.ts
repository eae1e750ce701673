import { describe, expect, it } from 'vitest'
import { CONTOSO, createDoor, EC, KEY, keyReads, outcome } from './support/door.ts'
import { APP, AUDIENCE, entraClaims, HOME, NOON, OID, oidcClaims, token } from './support/tokens.ts'

describe('authenticate', () => {
  it('passes an Entra access token and makes its principal by tenant and object id', async () => {
    const door = createDoor()
    const principal = await door.authenticate(token(entraClaims({ groups: ['g1'], roles: ['Reader'] }), KEY))
    expect(principal).toEqual({
      id: `entra:${HOME}:${OID}`,
      issuerName: 'contoso',
      kind: 'entra',
      tenant: HOME,
      objectId: OID,
      appId: APP,
      subject: OID,
      groups: ['g1'],
      roles: ['Reader'],
      claims: expect.objectContaining({ aud: AUDIENCE, ver: '2.0' }),
      tokenId: 'uti-1',
      expiresAt: NOON + 3_600_000,
      validatedAt: NOON,
    })
    expect(door.refusals).toEqual([])
  })

  it('passes a workload token of a plain OIDC issuer and makes its principal by issuer name and subject', async () => {
    const door = createDoor()
    const principal = await door.authenticate(token(oidcClaims(), EC))
    const sub = Buffer.from('repo:contoso/billing:ref:refs/heads/main').toString('base64url')
    expect(principal).toMatchObject({ id: `oidc:github:${sub}`, kind: 'oidc', groups: [], roles: [], tokenId: 'jti-1' })
    expect(principal.tenant).toBeUndefined()
  })

  it('reads the keys once for 50 concurrent first tokens (single flight)', async () => {
    const door = createDoor()
    const tokens = Array.from({ length: 50 }, (_, n) => token(entraClaims({ uti: `uti-${n}` }), KEY))
    const ids = await Promise.all(tokens.map(async (text) => (await door.authenticate(text)).tokenId))
    expect(new Set(ids).size).toBe(50)
    expect(keyReads(door)).toBe(1)
    expect(door.fetched).toHaveLength(2)
  })

  it('looks the issuer up exactly and before any network', async () => {
    const door = createDoor()
    expect(await outcome(door, token(entraClaims({ iss: 'https://evil.example.test' }), KEY))).toBe(
      'invalid_token issuer_not_trusted',
    )
    expect(door.fetched).toEqual([])
    expect(door.refusals).toEqual(['unknown: issuer_not_trusted'])
  })

  it('refuses a document that does not trust exactly this issuer, should the look-up be sloppy', async () => {
    const door = createDoor()
    Object.defineProperty(door.issuers, 'find', { value: () => CONTOSO })
    const text = token(entraClaims({ iss: `${CONTOSO.issuer}/` }), KEY)
    expect(await outcome(door, text)).toBe('invalid_token issuer_not_trusted')
    expect(door.fetched).toEqual([])
  })

  it('says in its status which issuers it can verify, and nothing of those trusted no more', async () => {
    const door = createDoor()
    expect(door.status().issuers).toEqual({})
    await door.authenticate(token(oidcClaims(), EC))
    door.clock.now += 60_000
    const known = { 'https://oidc.example.test': { state: 'ok', ageSeconds: 60 } }
    expect(door.status()).toEqual({ issuers: known, cachedTokens: 1 })
    door.clock.now += 24 * 3_600_000
    expect(door.status().issuers).toEqual({ 'https://oidc.example.test': { state: 'unread' } })
    door.issuers.length = 0
    expect(door.status().issuers).toEqual({})
  })
})
