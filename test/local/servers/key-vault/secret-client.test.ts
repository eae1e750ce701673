import { ManagedIdentityCredential } from '@azure/identity'
import { SecretClient } from '@azure/keyvault-secrets'
import { beforeAll, describe, expect, it } from 'vitest'
import { rig } from '../../../support/rig.ts'
import { agentPolicy } from '../../../support/sdk.ts'

const { agent, account, vaultControl } = rig()
const client = new SecretClient(`https://${account}-main.vault.azure.net`, new ManagedIdentityCredential(), {
  additionalPolicies: [agentPolicy(agent)],
})

describe('S11: the production client under the managed identity, certificate and challenge checks on', () => {
  it('sets and gets, newest and by version, after exactly one challenge', async () => {
    const first = await client.setSecret('stripe-api-key', 'one', { tags: { owner: 'billing' } })
    const second = await client.setSecret('stripe-api-key', 'two', { contentType: 'text/plain' })
    const { version = '' } = first.properties
    expect((await client.getSecret('stripe-api-key')).value).toBe('two')
    const old = await client.getSecret('stripe-api-key', { version })
    expect(old).toMatchObject({ value: 'one', properties: { version, tags: { owner: 'billing' }, enabled: true } })
    expect(second.properties).toMatchObject({ contentType: 'text/plain', recoveryLevel: 'Recoverable+Purgeable' })
    expect(second.properties.recoverableDays).toBe(90)
    expect(await vaultControl('main').counts()).toEqual({ challenge: 1, setSecret: 2, getSecret: 2 })
  })

  it('finds a name in any case, as the service does', async () => {
    await client.setSecret('Mixed-Case', 'x')
    expect(await client.getSecret('mixed-case')).toMatchObject({ value: 'x', name: 'Mixed-Case' })
  })

  it('keeps one version per write when many write at once', async () => {
    const values = Array.from({ length: 30 }, (_, at) => `value-${at}`)
    const written = await Promise.all(values.map((value) => client.setSecret('raced', value)))
    const versions = new Set(written.map(({ properties }) => properties.version))
    expect(versions.size).toBe(30)
    const listed: string[] = []
    for await (const { version } of client.listPropertiesOfSecretVersions('raced')) listed.push(version ?? '')
    expect(new Set(listed)).toEqual(versions)
  })
})

describe('attributes', () => {
  beforeAll(async () => {
    await client.setSecret('dated', 'v')
  })

  it('changes properties of one version and of the newest, keeps what is not named', async () => {
    const { properties } = await client.setSecret('dated', 'v', { tags: { a: '1' } })
    const notBefore = new Date('2026-01-01T00:00:00Z')
    const version = properties.version ?? ''
    const changed = await client.updateSecretProperties('dated', version, { notBefore, contentType: 'text/x' })
    expect(changed).toMatchObject({ notBefore, contentType: 'text/x', tags: { a: '1' }, version })
    const newest = await client.updateSecretProperties('dated', '', { tags: { b: '2' } })
    expect(newest).toMatchObject({ notBefore, tags: { b: '2' }, version })
  })

  it('serves an expired and a not yet valid secret: the caller must enforce (secrets-and-rotation.md)', async () => {
    const expiresOn = new Date('2020-01-01T00:00:00Z')
    await client.setSecret('expired', 'still-here', { expiresOn })
    expect(await client.getSecret('expired')).toMatchObject({ value: 'still-here', properties: { expiresOn } })
    const notBefore = new Date('2037-01-01T00:00:00Z')
    await client.setSecret('early', 'already-here', { notBefore })
    expect(await client.getSecret('early')).toMatchObject({ value: 'already-here', properties: { notBefore } })
  })

  it('403 SecretDisabled: a disabled newest version is not replaced by an older one', async () => {
    await client.setSecret('switched', 'one')
    const { properties } = await client.setSecret('switched', 'two', { enabled: false })
    await expect(client.getSecret('switched')).rejects.toMatchObject({
      statusCode: 403,
      code: 'Forbidden',
      message: 'Operation get is not allowed on a disabled secret.',
      details: { error: { innerError: { code: 'SecretDisabled' } } },
    })
    await client.updateSecretProperties('switched', properties.version ?? '', { enabled: true })
    expect((await client.getSecret('switched')).value).toBe('two')
  })
})

describe('refusals', () => {
  it('404 SecretNotFound: unknown name, unknown version', async () => {
    const missing = { statusCode: 404, code: 'SecretNotFound' }
    await expect(client.getSecret('nothing')).rejects.toMatchObject(missing)
    await client.setSecret('something', 'x')
    await expect(client.getSecret('something', { version: 'f'.repeat(32) })).rejects.toMatchObject(missing)
    await expect(client.updateSecretProperties('nothing', '', {})).rejects.toMatchObject(missing)
  })

  it('200: versions of an unknown name are an empty list', async () => {
    expect(await client.listPropertiesOfSecretVersions('nothing').next()).toEqual({ done: true, value: undefined })
  })

  it.each([
    ['a value over 25 kB', () => client.setSecret('big', 'x'.repeat(25_601))],
    ['a name with an underscore', () => client.setSecret('not_a_name', 'x')],
    ['a content type over 255', () => client.setSecret('typed', 'x', { contentType: 'x'.repeat(256) })],
    [
      '16 tags',
      () => client.setSecret('tagged', 'x', { tags: Object.fromEntries([...'abcdefghijklmnop'].map((c) => [c, c])) }),
    ],
    ['a tag over 512', () => client.setSecret('tagged', 'x', { tags: { a: 'x'.repeat(513) } })],
  ])('400 BadParameter: %s', async (_, act) => {
    await expect(act()).rejects.toMatchObject({ statusCode: 400, code: 'BadParameter' })
  })

  it('403 ForbiddenByRbac: names caller, action and resource', async () => {
    const refusal = await client.beginDeleteSecret('stripe-api-key').catch((error: unknown) => error)
    expect(refusal).toMatchObject({ statusCode: 403, details: { error: { innerError: { code: 'ForbiddenByRbac' } } } })
    expect((refusal as Error).message).toContain("Action: 'Microsoft.KeyVault/vaults/secrets/delete'")
    expect((refusal as Error).message).toContain(`vaults/${account}-main/secrets/stripe-api-key`)
  })
})
