import { describe, expect, it } from 'vitest'
import { readOwnAccounts } from '../../../shared/azure/own-accounts.ts'
import { type Own, ownTargetsOf } from '../../../shared/rotation/own-target.ts'
import type { Rotator } from '../../../shared/rotation/rotator.ts'
import { rotationDocument } from '../../support/rotation.ts'
import { createWorld } from '../../support/rotation-memory.ts'

const APP = '11111111-2222-4333-8444-555555555555'
const OTHER = '99999999-2222-4333-8444-555555555555'
const own: Own = {
  storageAccounts: new Set(['ownaccount', 'hostaccount']),
  hosts: new Set(['gateway.example', 'own.vault.azure.net', 'ownapp.azurewebsites.net']),
  identity: new Set([APP]),
}

const document = (rotator: string, settings: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  rotationDocument({ name: 'it', secret: 'main/it', every: '30d', rotator, settings, ...more })
const account = (name: string) =>
  document('storage-key', {
    account: `/subscriptions/${APP}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/${name}`,
  })
const app = (application: string, clientId: string) => document('entra-app', { tenant: OTHER, application, clientId })
const byPassword = { database: 'd', logins: ['a', 'b'], owner: 'o' }
const database = { ...byPassword, admin: 'entra' }
const DATABASE = 'own.postgres.database.azure.com'

describe('a rotation of what the gateway stands on', () => {
  it.each([
    ['own_storage', account('ownaccount')],
    ['own_storage', account('hostaccount')],
    [undefined, account('another')],
    ['own_identity', app(APP, OTHER)],
    ['own_identity', app(OTHER, APP)],
    [undefined, app(OTHER, OTHER)],
    ['own_app', document('webhook', { url: 'https://gateway.example/v1/x' })],
    ['own_app', document('webhook', { url: 'https://gateway.example./v1/x' })],
    ['own_app', document('webhook', { url: 'https://ownapp.scm.azurewebsites.net/api/zipdeploy' })],
    ['own_app', document('webhook', { url: 'https://ownaccount.blob.core.windows.net/x' })],
    ['own_app', document('webhook', { url: 'https://own.vault.azure.net/secrets/x' })],
    [undefined, document('webhook', { url: 'https://ownaccount.example/x' })],
    [undefined, document('webhook', { url: 'https://elsewhere.example/x' })],
    ['own_identity', document('database', { ...database, host: DATABASE, adminRole: 'a' })],
    ['own_app', document('database', { ...byPassword, host: 'gateway.example' }, { credential: 'admin' })],
    [undefined, document('database', { ...database, host: DATABASE, adminRole: 'admin' })],
    [undefined, document('generate', {})],
  ])('is known: %s', (expected, rotation) => {
    expect(ownTargetsOf(rotation, own)[0]?.reason).toBe(expected)
  })

  it('is told by every field, each with what is wrong and why', () => {
    expect(ownTargetsOf(app(APP, APP), own).map(({ path }) => path.join('/'))).toEqual([
      'settings/application',
      'settings/clientId',
    ])
    expect(ownTargetsOf(account('ownaccount'), own)[0]?.detail).toMatch(/a storage account .* lives on: whoever may/)
  })

  it('is stuck before its rotator is asked anything', async () => {
    const world = await createWorld()
    world.clock.now += 31 * 86_400_000
    const asked: PropertyKey[] = []
    const rotator = new Proxy({}, { get: (_of, name) => asked.push(name) && undefined }) as Rotator
    await world.instance({ rotator }).drive(account('ownaccount'))
    expect((await world.states.read('it')).run).toMatchObject({ state: 'stuck', reason: 'own_storage' })
    expect(asked).toEqual([])
    expect(world.current()).toBe('first')
  })
})

describe('the gateway’s own storage accounts', () => {
  it.each([
    [{}, ['data']],
    [{ AzureWebJobsStorage__accountName: 'Host1' }, ['data', 'host1']],
    [{ AzureWebJobsStorage__blobServiceUri: 'https://host2.blob.core.windows.net' }, ['data', 'host2']],
    [{ AzureWebJobsStorage: 'DefaultEndpointsProtocol=https;AccountName=host3;AccountKey=x' }, ['data', 'host3']],
    [{ SALLYPORT_ISSUER_PAGES: 'https://page.blob.core.windows.net/$web' }, ['data', 'page']],
    [{ AzureWebJobsStorage: 'UseDevelopmentStorage=true', OTHER: 'x' }, ['data']],
  ])('are read out of %j', (env, expected) => {
    expect(readOwnAccounts('https://data.table.core.windows.net', env)).toEqual(expected)
  })
})
