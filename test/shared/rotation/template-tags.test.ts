import { describe, expect, it } from 'vitest'
import { NewSecretBody } from '../../../shared/secrets/new-secret.ts'
import { Secret } from '../../../shared/secrets/secret.ts'
import { rotationDocument } from '../../support/rotation.ts'
import { createCalls, createWorld } from '../../support/rotation-memory.ts'

const DAY = 86_400_000
const ACCOUNT =
  '/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/acc'
const tags = { CredentialId: 'key1', ProviderAddress: ACCOUNT, ValidityPeriodDays: '60', team: 'orders' }
const rotation = rotationDocument({
  ...{ name: 'it', secret: 'main/it', rotator: 'generate', every: '365d' },
  verify: { successes: 1, over: '1s' },
})

describe('a secret with the tags of a rotation template', () => {
  it('is rotated before it expires, and keeps its tags with the new credential’s name', async () => {
    const world = await createWorld()
    await world.main.set('it', { value: new Secret('second'), tags })
    const target = world.target.rotator(createCalls().call)
    const rotator = {
      ...target,
      create: async (context: Parameters<typeof target.create>[0]) => {
        await context.remember({ key: 'key2' })
        return target.create(context)
      },
    }
    const { drive } = world.instance({ rotator })
    world.clock.now += 47 * DAY
    expect(await drive(rotation)).toMatchObject({ outcome: 'waits', moved: 0 })
    world.clock.now += DAY
    await drive(rotation)
    expect(world.published()).toMatchObject([{ expires: world.clock.now + 60 * DAY }])
    expect(world.published()[0]?.tags).toMatchObject({ ...tags, CredentialId: 'key2' })

    world.clock.now += 14 * DAY
    await drive(rotation)
    world.clock.now += 34 * DAY
    await drive(rotation)
    expect(world.published()).toHaveLength(2)
  })
})

describe('tags of a rotation template in a PUT', () => {
  const faultsOf = (written: Record<string, string>) =>
    NewSecretBody.safeParse({ value: 'v', tags: written }).error?.issues.map(
      ({ path, message }) => `${path.join('.')} ${message}`,
    )

  it('are taken', () => {
    expect(faultsOf(tags)).toBeUndefined()
  })

  it.each([
    [{ ValidityPeriodDays: '0' }, 'tags.ValidityPeriodDays must be a whole number of days from 1 to 3650'],
    [{ ValidityPeriodDays: '3651' }, 'tags.ValidityPeriodDays must be a whole number of days from 1 to 3650'],
    [{ ValidityPeriodDays: '60 days' }, 'tags.ValidityPeriodDays must be a whole number of days from 1 to 3650'],
    [{ validityperioddays: '60' }, 'tags.validityperioddays must be spelt ValidityPeriodDays'],
    [{ ProviderAddress: 'https://acc.blob' }, 'tags.ProviderAddress must be an Azure resource id'],
    [{ CredentialId: 'a b' }, 'tags.CredentialId must be the name of a key, login or credential'],
  ])('400: %j is refused with what is allowed', (written, expected) => {
    expect(faultsOf(written as Record<string, string>)?.[0]).toContain(expected)
  })
})
