import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { SUPERUSER } from './cluster.ts'

/** Where a run keeps the password of its database's superuser. */
export const superuserPath = (stateDir: string) => join(stateDir, 'postgres', 'superuser.json')

export type DatabaseAddress = { stateDir: string /** `host:port`. */; address: string; ca: string }

/** Runs `use` as the superuser of a run's PostgreSQL, over TLS with the local CA. For seeds and tests. */
export async function asSuperuser<T>(
  { stateDir, address, ca }: DatabaseAddress,
  use: (client: Client) => Promise<T>,
  database = 'postgres',
): Promise<T> {
  const { password } = JSON.parse(readFileSync(superuserPath(stateDir), 'utf8')) as { password: string }
  const { hostname, port } = new URL(address)
  const client = new Client({
    ...{ host: hostname, port: Number(port), user: SUPERUSER, password, database },
    ssl: { ca: readFileSync(ca, 'utf8') },
    connectionTimeoutMillis: 10_000,
  })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
