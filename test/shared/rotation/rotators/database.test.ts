import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Rotator } from '../../../../shared/rotation/rotator.ts'
import { createDatabaseRotator } from '../../../../shared/rotation/rotators/database/database.ts'
import { Secret } from '../../../../shared/secrets/secret.ts'
import { rotationDocument } from '../../../support/rotation.ts'
import { createWorld } from '../../../support/rotation-memory.ts'

// What it does to a real PostgreSQL: test/shared/rotation/processes.test.ts and test/cli/rotation.test.ts.

const HOST = 'orders.postgres.database.azure.com'
const rotation = rotationDocument({
  ...{ name: 'it', secret: 'main/it', rotator: 'database', every: '30d', credential: 'admin' },
  settings: { host: HOST, database: 'postgres', logins: ['orders_a', 'orders_b'], owner: 'orders_owner' },
})

/** Drives a run against a server that only counts who comes. */
async function driveWith(credential: object, value: object = { username: 'orders_a', password: 'first' }) {
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const world = await createWorld()
  await world.main.set('it', { value: new Secret(JSON.stringify(value)) })
  world.clock.now += 31 * 86_400_000
  const dial = () => ({ host: '127.0.0.1', port })
  const rotator = createDatabaseRotator({ dial, entraToken: async () => new Secret('none') }) as Rotator
  const { deps, drive } = world.instance({ rotator })
  deps.credential = async () => new Secret(JSON.stringify(credential))
  await drive(rotation)
  server.close()
  return { connections, run: (await world.states.read('it')).run }
}

const admin = { username: 'orders_admin', password: 'admin' }

describe('rotator database', () => {
  it('takes an administrator’s login to the host that stands beside it, in whatever case', async () => {
    const { run, connections } = await driveWith({ ...admin, host: HOST.toUpperCase() })
    expect(run).toMatchObject({ state: 'pending', reason: 'database_unreachable' })
    expect(connections).toBe(1)
  })

  it.each([
    ['credential_of_another_host', { ...admin, host: 'billing.postgres.database.azure.com' }],
    ['credential_without_host', admin],
    ['login_malformed', { username: 'orders_admin' }],
  ])('is stuck, and connects to nobody: %s (T24)', async (reason, credential) => {
    const { run, connections } = await driveWith(credential)
    expect(run).toMatchObject({ state: 'stuck', reason })
    expect(connections).toBe(0)
  })

  it('is stuck where the current value is no login of the pair', async () => {
    const { run } = await driveWith({ ...admin, host: HOST }, { username: 'somebody', password: 'x' })
    expect(run).toMatchObject({ state: 'stuck', reason: 'current_login_unknown' })
  })
})
