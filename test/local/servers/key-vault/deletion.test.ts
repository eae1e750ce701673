import type { SecretClient } from '@azure/keyvault-secrets'
import { beforeAll, expect, it } from 'vitest'
import { rig } from '../../../support/rig.ts'

const { operatorVault } = rig()
const quick = { intervalInMs: 20 }
let client: SecretClient

beforeAll(async () => {
  client = await operatorVault('main')
})

const conflict = (inner: string) => ({
  statusCode: 409,
  code: 'Conflict',
  details: { error: { innerError: { code: inner } } },
})

it('soft delete: gone at once, 409 ObjectIsBeingDeleted meanwhile, then deleted but recoverable', async () => {
  await client.setSecret('going', 'x')
  const poller = await client.beginDeleteSecret('going', quick)
  await expect(client.getSecret('going')).rejects.toMatchObject({ statusCode: 404, code: 'SecretNotFound' })
  await expect(client.getDeletedSecret('going')).rejects.toMatchObject({
    statusCode: 404,
    message: 'Deleted Secret not found: going',
  })
  await expect(client.setSecret('going', 'y')).rejects.toMatchObject(conflict('ObjectIsBeingDeleted'))
  await expect(client.purgeDeletedSecret('going')).rejects.toMatchObject(conflict('ObjectIsBeingDeleted'))
  const deleted = await poller.pollUntilDone()
  expect(deleted.value).toBeUndefined()
  const { deletedOn, scheduledPurgeDate, recoveryId } = deleted.properties
  expect(recoveryId).toMatch(/\/deletedsecrets\/going$/)
  expect((scheduledPurgeDate?.getTime() ?? 0) - (deletedOn?.getTime() ?? 0)).toBe(90 * 86_400_000)
  await expect(client.setSecret('going', 'y')).rejects.toMatchObject(conflict('ObjectIsDeletedButRecoverable'))
  expect(await client.getDeletedSecret('going')).toMatchObject({ name: 'going' })
})

it('recovers every version, after a while in which the name is taken but unreadable', async () => {
  const { properties } = await client.setSecret('back', 'one')
  await client.setSecret('back', 'two')
  await (await client.beginDeleteSecret('back', quick)).pollUntilDone()
  const poller = await client.beginRecoverDeletedSecret('back', quick)
  await expect(client.getSecret('back')).rejects.toMatchObject({ statusCode: 404 })
  await expect(client.setSecret('back', 'three')).rejects.toMatchObject(conflict('ObjectIsBeingRecovered'))
  await poller.pollUntilDone()
  expect((await client.getSecret('back')).value).toBe('two')
  expect((await client.getSecret('back', { version: properties.version ?? '' })).value).toBe('one')
})

it('purge frees the name for good', async () => {
  await client.setSecret('purged', 'old')
  await (await client.beginDeleteSecret('purged', quick)).pollUntilDone()
  await client.purgeDeletedSecret('purged')
  await expect(client.getDeletedSecret('purged')).rejects.toMatchObject({ statusCode: 404 })
  await client.setSecret('purged', 'new')
  const versions: unknown[] = []
  for await (const version of client.listPropertiesOfSecretVersions('purged')) versions.push(version)
  expect(versions).toHaveLength(1)
})

it('404: deleting, recovering and purging what is not there', async () => {
  await expect(client.beginDeleteSecret('never')).rejects.toMatchObject({ statusCode: 404 })
  await expect(client.purgeDeletedSecret('never')).rejects.toMatchObject({ statusCode: 404 })
})

it('lists deleted secrets apart from live ones', async () => {
  await client.setSecret('listed-live', 'x')
  await client.setSecret('listed-dead', 'x')
  await (await client.beginDeleteSecret('listed-dead', quick)).pollUntilDone()
  const live: string[] = []
  for await (const { name } of client.listPropertiesOfSecrets()) live.push(name)
  const dead: string[] = []
  for await (const { name } of client.listDeletedSecrets()) dead.push(name)
  expect(live).toContain('listed-live')
  expect(live).not.toContain('listed-dead')
  expect(dead).toContain('listed-dead')
})

it('restores a backup after a purge, with all versions; refuses it while the name is taken or the blob is altered', async () => {
  await client.setSecret('kept', 'one')
  await client.setSecret('kept', 'two')
  const blob = await client.backupSecret('kept')
  if (!blob) throw new Error('no blob')
  await expect(client.restoreSecretBackup(blob)).rejects.toMatchObject({ statusCode: 409, code: 'Conflict' })
  await (await client.beginDeleteSecret('kept', quick)).pollUntilDone()
  await client.purgeDeletedSecret('kept')
  const altered = Uint8Array.from(blob)
  altered[40] = (altered[40] ?? 0) ^ 1
  await expect(client.restoreSecretBackup(altered)).rejects.toMatchObject({
    statusCode: 400,
    message: 'Backup blob contains invalid or corrupt version.',
  })
  expect((await client.restoreSecretBackup(blob)).name).toBe('kept')
  expect((await client.getSecret('kept')).value).toBe('two')
})
