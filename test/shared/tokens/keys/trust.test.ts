import { beforeAll, describe, expect, it } from 'vitest'
import type { Row } from '../../../../shared/azure/table.ts'
import type { Secret } from '../../../../shared/secrets/secret.ts'
import { generateSigningSecret, importSigningKey } from '../../../../shared/tokens/keys/signing-key.ts'
import { type KeyStore, keyStores, refusal } from './ring-fixture.ts'

let store: () => KeyStore
let rsa: Secret

beforeAll(async () => {
  store = (await keyStores()).store
  rsa = await generateSigningSecret('RS256')
})

/** A store with its four keys, and a way to write to its table as somebody with the storage account could. */
async function made() {
  const one = store()
  // Adopted: to make one takes longer than the rest of a test.
  await one.vault.set('signing-rs256', { value: rsa })
  await one.open().ready()
  const found = async (alg: string) => {
    for await (const row of one.keys.list({
      partitionKey: 'keys',
      rowFrom: `signing|${alg}`,
      rowBefore: `signing|${alg}~`,
    }))
      return row
    throw new Error(`no row of ${alg}`)
  }
  const tamper = async (alg: string, change: Record<string, string>) => {
    const { etag, ...row } = await found(alg)
    expect(await one.keys.replace({ ...row, partitionKey: 'keys', ...change } as Row, etag)).not.toBe('changed')
  }
  const served = async () => {
    const ring = one.open()
    await ring.ready()
    return { ring, algorithms: (await ring.jwks()).keys.map(({ alg }) => alg), left: ring.status().leftOut }
  }
  const whyLeftOut = () => one.told.filter(({ event }) => event === 'keys.left_out').map(({ detail }) => detail['why'])
  return { ...one, found, tamper, served, whyLeftOut }
}

async function foreignKey() {
  const key = await importSigningKey('ES256', await generateSigningSecret('ES256'))
  if (!key) throw new Error('no key')
  return key
}

describe('a row of table `keys` is a claim, the vault decides', () => {
  it('notices a disabled key also after the clock was set back (T28)', async () => {
    const { open, vault, clock, found } = await made()
    const ring = open()
    await ring.ready()
    await vault.setEnabled('signing-es256', String((await found('ES256'))['secretVersion']), false)
    clock.now -= 3_600_000
    expect(await refusal(ring.signer('ES256'))).toBe('keys_unavailable no_active_key')
  })

  it('leaves out and reports a row whose JWK is not that of the vault’s version; the others are served', async () => {
    const { tamper, served, whyLeftOut } = await made()
    const { publicJwk } = await foreignKey()
    await tamper('ES256', { jwk: JSON.stringify(publicJwk) })
    const { ring, algorithms, left } = await served()
    expect([algorithms, left, whyLeftOut()]).toEqual([['RS256'], 1, ['jwk_differs']])
    expect(await refusal(ring.signer('ES256'))).toBe('keys_unavailable no_active_key')
    expect((await ring.signer('RS256')).alg).toBe('RS256')
  })

  it.each<[string, (jwk: Record<string, unknown>) => unknown]>([
    ['one member more', (jwk) => ({ ...jwk, x5u: 'https://evil.test/' })],
    ['one member less', ({ use: _use, ...jwk }) => jwk],
    ['another use', (jwk) => ({ ...jwk, use: 'enc' })],
    ['no object', () => 'jwk'],
  ])('leaves out a JWK with %s', async (_what, change) => {
    const { found, tamper, served } = await made()
    const jwk = JSON.parse(String((await found('ES256'))['jwk']))
    await tamper('ES256', { jwk: JSON.stringify(change(jwk)) })
    expect((await served()).algorithms).toEqual(['RS256'])
  })

  it('never serves a key that somebody adds to the table', async () => {
    const { keys, found, served, whyLeftOut } = await made()
    const { kid, publicJwk } = await foreignKey()
    const { secretVersion, createdAt } = await found('ES256')
    const row = { secretVersion, createdAt, state: 'active', jwk: JSON.stringify(publicJwk) }
    await keys.insert({ partitionKey: 'keys', rowKey: `signing|ES256|${kid}`, ...row })
    const { ring, algorithms } = await served()
    expect(algorithms).toEqual(['ES256', 'RS256'])
    expect((await ring.jwks()).keys.map((key) => key.kid)).not.toContain(kid)
    expect(whyLeftOut()).toEqual(['jwk_differs'])
  })

  it.each([
    ['a version that is not there', { secretVersion: '0'.repeat(32) }, 'secret_not_found'],
    ['a version that is none', { secretVersion: '../../secrets' }, 'invalid_request'],
  ])('leaves out a row that names %s', async (_what, change, why) => {
    const { tamper, served, whyLeftOut } = await made()
    await tamper('ES256', change)
    expect((await served()).algorithms).toEqual(['RS256'])
    expect(whyLeftOut()).toEqual([why])
  })

  it.each([{ state: 'enabled' }, { state: '' }, { jwk: '{' }, { createdAt: '', state: 'none' }])(
    'leaves out a row that is not well-formed: %j, and makes no second key',
    async (change) => {
      const { tamper, served, rows, vault } = await made()
      await tamper('ES256', change as Record<string, string>)
      const { algorithms, left } = await served()
      expect([algorithms, left]).toEqual([['RS256'], 1])
      expect([(await rows()).length, (await vault.versions('signing-es256')).length]).toEqual([4, 1])
    },
  )

  it('drops a key whose version was disabled in the vault, within ten minutes', async () => {
    const { open, clock, found, vault, whyLeftOut } = await made()
    const ring = open()
    await ring.ready()
    await vault.setEnabled('signing-es256', String((await found('ES256'))['secretVersion']), false)
    clock.now += 10 * 60_000 + 1
    expect((await ring.jwks()).keys.map(({ alg }) => alg)).toEqual(['RS256'])
    expect(whyLeftOut()).toEqual(['secret_disabled'])
  })

  it('a removed row is made again out of the vault’s secret: the same key', async () => {
    const { open, found, keys, rows, vault } = await made()
    const { etag, rowKey } = await found('ES256')
    await keys.remove('keys', rowKey, etag)
    await open().ready()
    expect((await rows()).map((row) => row['rowKey'])).toContain(rowKey)
    expect((await vault.versions('signing-es256')).length).toBe(1)
  })
})

describe('states', () => {
  it.each(['prepared', 'retiring'])('publishes a %s key and never signs with it', async (state) => {
    const { tamper, served } = await made()
    await tamper('ES256', { state })
    const { ring, algorithms } = await served()
    expect(algorithms).toEqual(['ES256', 'RS256'])
    expect(await refusal(ring.signer('ES256'))).toBe('keys_unavailable no_active_key')
  })

  it('signs with the newest active key', async () => {
    const { keys, vault, served, clock } = await made()
    const secret = await generateSigningSecret('ES256')
    const { version } = await vault.set('signing-es256', { value: secret })
    const key = await importSigningKey('ES256', secret)
    const row = { secretVersion: version, state: 'active', jwk: JSON.stringify(key?.publicJwk) }
    const createdAt = new Date(clock.now + 1).toISOString()
    await keys.insert({ partitionKey: 'keys', rowKey: `signing|ES256|${key?.kid}`, createdAt, ...row })
    const { ring, algorithms } = await served()
    expect(algorithms).toEqual(['ES256', 'ES256', 'RS256'])
    expect((await ring.signer('ES256')).kid).toBe(key?.kid)
  })
})
