import { generateKeyPairSync } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { Secret } from '../../../../shared/secrets/secret.ts'
import { generateSigningSecret } from '../../../../shared/tokens/keys/signing-key.ts'
import { type KeyStore, keyStores, refusal } from './ring-fixture.ts'

let store: () => KeyStore

beforeAll(async () => {
  store = (await keyStores()).store
})

const pem = (key: { privateKey: import('node:crypto').KeyObject }) =>
  key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

describe('adoption', () => {
  it('takes secrets that are there already, newest version, and writes none over them', async () => {
    const { vault, open, rows, told } = store()
    await vault.set('signing-es256', { value: await generateSigningSecret('ES256') })
    const newest = await vault.set('signing-es256', { value: await generateSigningSecret('ES256') })
    const master = await vault.set('journal-master', { value: new Secret('m'.repeat(43)) })
    const ring = open()
    expect((await ring.journalMaster()).within((text) => text)).toBe('m'.repeat(43))
    const versions = (await rows()).map(({ secretVersion }) => secretVersion)
    expect(versions).toContain(newest.version)
    expect(versions).toContain(master.version)
    expect([(await vault.versions('signing-es256')).length, (await vault.versions('journal-master')).length]).toEqual([
      2, 1,
    ])
    expect(told.find(({ event }) => event === 'keys.created')?.detail['keys']).toMatchObject([
      { secret: 'signing-es256', adopted: true },
      { secret: 'signing-rs256', adopted: false },
      { secret: 'journal-master', adopted: true },
      { secret: 'value-hmac', adopted: false },
    ])
  })

  it.each<[string, string, () => string]>([
    ['signing-es256', 'text that is no key', () => 'hunter2'],
    ['signing-es256', 'a key of another curve', () => pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }))],
    ['signing-es256', 'an RSA key', () => pem(generateKeyPairSync('rsa', { modulusLength: 2_048 }))],
    ['signing-rs256', 'an RSA key of 1,024 bits', () => pem(generateKeyPairSync('rsa', { modulusLength: 1_024 }))],
    [
      'signing-rs256',
      'an RSA key with e = 3',
      () => pem(generateKeyPairSync('rsa', { modulusLength: 2_048, publicExponent: 3 })),
    ],
    ['signing-rs256', 'an EC key', () => pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }))],
    ['journal-master', 'a short secret', () => 'password'],
    ['value-hmac', 'a short secret', () => 'password'],
  ])('503 keys_unavailable: %s holds %s, which stays as it is', async (name, _what, text) => {
    const { vault, open, told } = store()
    await vault.set(name, { value: new Secret(text()) })
    expect(await refusal(open().ready())).toBe(`keys_unavailable unusable_secret_${name.replaceAll('-', '_')}`)
    expect((await vault.versions(name)).length).toBe(1)
    expect(JSON.stringify(told)).toContain(`unusable_secret_${name.replaceAll('-', '_')}`)
  })

  it('503 keys_unavailable: a disabled secret is not replaced behind its operator’s back', async () => {
    const { vault, open } = store()
    const { version } = await vault.set('journal-master', { value: new Secret('m'.repeat(43)) })
    await vault.setEnabled('journal-master', version, false)
    expect(await refusal(open().ready())).toBe('keys_unavailable keys_vault_disabled')
    expect((await vault.versions('journal-master')).length).toBe(1)
  })
})
