import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Rotator } from '../../../../shared/rotation/rotator.ts'
import { createDatabaseRotator } from '../../../../shared/rotation/rotators/database/database.ts'
import { Secret } from '../../../../shared/secrets/secret.ts'
import { startPostgres, type TestPostgres } from '../../../support/postgres.ts'
import { rig } from '../../../support/rig.ts'
import { rotationDocument, rotationDriver } from '../../../support/rotation.ts'

let postgres: TestPostgres
let driver: Awaited<ReturnType<typeof rotationDriver>>

const rotation = rotationDocument({
  name: 'orders',
  secret: 'main/orders',
  rotator: 'database',
  every: '30d',
  credential: 'orders-admin',
  settings: {
    host: 'orders.postgres.database.azure.com',
    database: 'postgres',
    logins: ['orders_a', 'orders_b'],
    owner: 'orders_owner',
  },
})

beforeAll(async () => {
  postgres = await startPostgres()
  await postgres.asSuperuser(async (client) => {
    await client.query(`CREATE ROLE orders_owner NOLOGIN; CREATE ROLE orders_a LOGIN IN ROLE orders_owner PASSWORD 'first';
      CREATE ROLE orders_b LOGIN IN ROLE orders_owner; CREATE ROLE orders_admin LOGIN CREATEROLE PASSWORD 'admin';
      GRANT orders_a, orders_b TO orders_admin WITH ADMIN OPTION, INHERIT FALSE, SET FALSE`)
  })
  const rotator = createDatabaseRotator({ dial: postgres.dial, entraToken: async () => new Secret('none') })
  driver = await rotationDriver(rig(), () => rotator as Rotator)
  await driver.gatewayVault.set('ext-orders-admin', {
    value: new Secret('{"username":"orders_admin","password":"admin"}'),
  })
  const value = {
    username: 'orders_a',
    password: 'first',
    host: 'orders.postgres.database.azure.com',
    port: 5432,
    database: 'postgres',
  }
  await driver.vaults.get('main')?.set('orders', { value: new Secret(JSON.stringify(value)), tags: { owner: 'x' } })
}, 60_000)

afterAll(() => postgres.stop())

const login = async (version?: string) => {
  const found = await driver.vaults.get('main')?.get('orders', version)
  if (!found) throw new Error('no vault')
  return found.value.within((text) => JSON.parse(text)) as { username: string; password: string; database: string }
}

describe('rotator database', () => {
  it('publishes the other login, which works, and ends the first one', async () => {
    const before = await login()
    driver.clock.now += 31 * 86_400_000
    const run = await driver.driveThrough(rotation)
    expect(run).toMatchObject({ state: 'retired' })
    const after = await login()
    expect(after.username).toBe('orders_b')
    expect(await postgres.logIn(after)).toBe('orders_b')
    await expect(postgres.logIn(before)).rejects.toMatchObject({ code: '28P01' })
  })
})
