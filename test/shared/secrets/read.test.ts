import { inspect } from 'node:util'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Secret } from '../../../shared/secrets/secret.ts'
import { rig } from '../../support/rig.ts'
import { failure, secretsOn } from '../../support/secrets.ts'

const local = rig()
const control = local.vaultControl('main')
const on = secretsOn(local)
const { read, entries, policy, azure, state } = on
const operator = azure.vault(`https://${local.account}-main.vault.azure.net`)
const CANARY = 'canary-2b67fe'

const put = async (name: string, value = CANARY, more = {}) => {
  const { version } = await operator.set(name, { value: new Secret(value), ...more })
  return version
}

beforeAll(async () => {
  await local.createStorage()
  await put('plain')
})
afterEach(async () => {
  await control.clear()
  policy.denied.clear()
  policy.obligations = {}
  policy.journalFails = false
  entries.length = 0
})

describe('a read', () => {
  it('200: the fields of api.md, and an intent that names version and keyed hash before the value opens', async () => {
    const version = await put('full', 'v', { contentType: 'text/plain', tags: { a: 'b' }, expires: 2_000_000_000_000 })
    const answer = await read('full')
    expect(answer).toEqual({
      vault: 'main',
      name: 'full',
      version,
      value: 'v',
      contentType: 'text/plain',
      stage: 'current',
      expires: '2033-05-18T03:33:20.000Z',
      tags: { a: 'b' },
      handedOutUntil: new Date(on.now() + 300_000).toISOString(),
      stale: false,
    })
    expect(entries).toMatchObject([
      { kind: 'intent', resource: 'secret/main/full', handout: { vault: 'main', name: 'full', version } },
    ])
    expect(JSON.stringify(entries)).toMatch(/"valueHash":"[\w-]{43}"/)
  })

  it('handedOutUntil ends with the policy’s maxTtl, and with the value itself', async () => {
    policy.obligations = { maxTtlSeconds: 60 }
    expect(await read('plain')).toMatchObject({ handedOutUntil: new Date(on.now() + 60_000).toISOString() })
    const expires = Math.floor(on.now() / 1_000) * 1_000 + 10_000
    await put('ends-soon', 'v', { expires })
    expect(await read('ends-soon')).toMatchObject({ handedOutUntil: new Date(expires).toISOString() })
  })

  it('denied, and 0 calls to the vault: decide comes before look-up (T20)', async () => {
    policy.denied.add('secret/main/plain').add('secret/main/none')
    await expect(read('plain')).rejects.toMatchObject({ code: 'access_denied' })
    await expect(read('none')).rejects.toMatchObject({ code: 'access_denied' })
    expect(await control.counts()).toEqual({})
  })

  it('404 secret_not_found: an unknown secret, version and vault are one and the same, recorded as denials', async () => {
    const missing = { vault: 'nowhere', name: 'plain' }
    await expect(read('none')).rejects.toMatchObject({ code: 'secret_not_found' })
    await expect(read('plain', { version: 'f'.repeat(32) })).rejects.toMatchObject({ code: 'secret_not_found' })
    await expect(on.admit('secret:get', missing, on.secrets.lookUp(missing))).rejects.toMatchObject({
      code: 'secret_not_found',
    })
    expect(entries.map(({ kind }) => kind)).toEqual(['denial', 'denial', 'denial'])
  })

  it('503 and no value when the intent cannot be written: the look-up may have been made, its value is dropped (T27)', async () => {
    policy.journalFails = true
    await expect(read('plain')).rejects.toMatchObject({ code: 'journal_unavailable' })
  })

  it('never prints what was looked up before it is handed out (T18)', async () => {
    const ref = { vault: 'main', name: 'plain' }
    const grant = await on.admit('secret:get', ref, on.secrets.lookUp(ref))
    const printed =
      inspect([grant, on.secrets, entries], { depth: 20, showHidden: true }) + JSON.stringify([grant, entries])
    expect(printed).not.toContain(CANARY)
  })
})

describe('validity, at every read, cached or not', () => {
  it('410 secret_expired at the very moment', async () => {
    const expires = Math.ceil(on.now() / 1_000) * 1_000 + 20_000
    await put('expiring', 'v', { expires })
    expect(await read('expiring')).toMatchObject({ value: 'v' })
    on.clock.at = expires - 1
    expect(await read('expiring')).toMatchObject({ value: 'v' })
    on.clock.at = expires
    await expect(read('expiring')).rejects.toMatchObject(failure('secret_expired', 'version_expired'))
    expect((await control.counts())['getSecret']).toBe(1)
  })

  it('409 secret_not_yet_valid until its time', async () => {
    const notBefore = Math.ceil(on.now() / 1_000) * 1_000 + 20_000
    await put('early', 'v', { notBefore })
    await expect(read('early')).rejects.toMatchObject(failure('secret_not_yet_valid', 'version_not_yet_valid'))
    on.clock.at = notBefore
    expect(await read('early')).toMatchObject({ value: 'v' })
  })

  it('409 secret_disabled: a version, and a secret without an enabled one', async () => {
    const version = await put('disabled')
    await operator.setEnabled('disabled', version, false)
    await expect(read('disabled')).rejects.toMatchObject({ code: 'secret_disabled' })
    await expect(read('disabled', { version })).rejects.toMatchObject({ code: 'secret_disabled' })
  })
})

describe('stages (secrets-and-rotation.md)', () => {
  it('the newest enabled version is current, also when the newest of all is disabled', async () => {
    const first = await put('staged', 'one')
    const second = await put('staged', 'two')
    await operator.setEnabled('staged', second, false)
    expect(await read('staged')).toMatchObject({ version: first, value: 'one', stage: 'current' })
  })

  it('the row names the previous version; a newer one written by somebody else makes the row’s own one previous', async () => {
    const [one, two, three] = [await put('rotated', '1'), await put('rotated', '2'), await put('rotated', '3')]
    await state.insert({ partitionKey: 'main', rowKey: 'rotated', current: three, previous: two })
    expect(await read('rotated')).toMatchObject({ version: three, stage: 'current' })
    expect(await read('rotated', { version: two })).toMatchObject({ stage: 'previous' })
    expect(await read('rotated', { version: one })).toMatchObject({ stage: 'retired' })
    const four = await put('rotated', '4')
    on.pass(301)
    expect(await read('rotated')).toMatchObject({ version: four, stage: 'current' })
    expect(await read('rotated', { version: three })).toMatchObject({ stage: 'previous' })
    expect(await read('rotated', { version: two })).toMatchObject({ stage: 'retired' })
  })
})

describe('If-None-Match', () => {
  it('304: journaled like any read, its intent without a hash, no value in the grant', async () => {
    const { version } = (await read('plain')) as { version: string }
    entries.length = 0
    const ref = { vault: 'main', name: 'plain' }
    const grant = await on.admit('secret:get', ref, on.secrets.lookUp(ref, { isKnown: (known) => known === version }))
    expect(grant.sealed).toEqual({ kind: 'unchanged', version })
    expect(entries).toMatchObject([{ kind: 'intent', handout: { version } }])
    expect(JSON.stringify(entries)).not.toContain('valueHash')
  })

  it('an expired version is refused, not unchanged', async () => {
    await put('known', 'v', { expires: Math.ceil(on.now() / 1_000) * 1_000 + 5_000 })
    on.pass(10)
    await expect(read('known', { isKnown: () => true })).rejects.toMatchObject({ code: 'secret_expired' })
  })
})
