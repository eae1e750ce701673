import type { Client } from 'pg'
import { Secret } from '../../shared/secrets/secret.ts'
import type { Vault } from '../../shared/secrets/vault.ts'
import { ORDERS_DATABASE_HOST } from '../servers/environment.ts'
import { asSuperuser, type DatabaseAddress } from '../servers/postgres/superuser.ts'

const DATABASE = 'orders'
const OWNER = 'orders_owner'
const LOGINS = ['orders_a', 'orders_b'] as const
const ADMIN = 'orders_admin'
/** Where the rotator `database` finds its administrator's login: secret `ext-<credential>` of the gateway vault. */
const CREDENTIAL = 'ext-orders-db-admin'

/**
 * What a database administrator makes once: the database, the role that owns it, two logins that are its members, and an
 * administrator who may set their passwords and nothing else. What is there already stays.
 */
export async function seedOrdersDatabase(
  place: DatabaseAddress,
  { vault, gatewayVault, adminPassword }: { vault: Vault; gatewayVault: Vault; adminPassword: () => string },
): Promise<boolean> {
  return asSuperuser(place, async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE])
    if (rowCount) return false
    const password = adminPassword()
    for (const statement of statements(client, password)) await client.query(statement)
    const admin = JSON.stringify({ username: ADMIN, password, host: ORDERS_DATABASE_HOST })
    await gatewayVault.set(CREDENTIAL, { value: new Secret(admin), contentType: 'application/json' })
    await adopt(client, vault)
    // Last: its being there says that all of this has happened.
    await client.query(`CREATE DATABASE ${DATABASE} OWNER ${OWNER}`)
    return true
  })
}

function statements(client: Client, password: string): string[] {
  const make = (role: string, rest: string) => [`DROP ROLE IF EXISTS ${role}`, `CREATE ROLE ${role} ${rest}`]
  return [
    ...make(ADMIN, `LOGIN CREATEROLE PASSWORD ${client.escapeLiteral(password)}`),
    ...make(OWNER, 'NOLOGIN'),
    ...LOGINS.flatMap((login) => make(login, `LOGIN IN ROLE ${OWNER}`)),
    ...LOGINS.map((login) => `GRANT ${login} TO ${ADMIN} WITH ADMIN OPTION, INHERIT FALSE, SET FALSE`),
  ]
}

/** The example secret was there first: the login it names gets the password it holds. */
async function adopt(client: Client, vault: Vault): Promise<void> {
  const { value } = await vault.get('orders-db-password')
  const { username, password } = value.within((text) => JSON.parse(text)) as { username: string; password: string }
  if (!LOGINS.some((login) => login === username))
    throw new Error('orders-db-password names a login that is not seeded')
  await client.query(`ALTER ROLE ${username} PASSWORD ${client.escapeLiteral(password)}`)
}
