import { randomBytes } from 'node:crypto'
import type { Client } from 'pg'
import type { RotationDocument } from '../../../policy/documents/rotation.ts'
import { Secret } from '../../../secrets/secret.ts'
import { RotationFault, type Rotator, type RotatorContext } from '../../rotator.ts'
import { type Credentials, type Dial, withConnection } from './connect.ts'
import { type Login, readLogin } from './login.ts'
import { scramVerifier } from './scram.ts'

type DatabaseRotation = RotationDocument & { rotator: 'database' }
type Context = RotatorContext<DatabaseRotation>

export type DatabaseDeps = {
  dial: Dial
  /** Token of the gateway's own identity for Entra logins of Azure Database for PostgreSQL. */
  entraToken: () => Promise<Secret>
}

/** 192 bits; safe in connection strings. */
const PASSWORD_BYTES = 24

/** PostgreSQL: the login that nobody uses gets a new password and becomes the current one; the other one's ends at last. */
export function createDatabaseRotator({ dial, entraToken }: DatabaseDeps): Rotator<DatabaseRotation> {
  const asAdmin = async <T>(context: Context, use: (client: Client) => Promise<T>): Promise<T> => {
    const { settings } = context.rotation
    return withConnection(settings, { credentials: await adminOf(context), dial }, use)
  }

  async function adminOf({ rotation, credential }: Context): Promise<Credentials> {
    if (rotation.settings.admin === 'entra') {
      const token = await entraToken()
      return token.within((password) => ({ user: rotation.settings.adminRole ?? '', password }))
    }
    const { username, password, host } = readLogin(await credential())
    // INVARIANT: an administrator's password goes to the server that its operator named beside it, and to no other: else whoever
    // may write a rotation could have it sent to a server of its own.
    if (host === undefined) throw new RotationFault('credential_without_host', { final: true })
    if (host.toLowerCase() !== rotation.settings.host)
      throw new RotationFault('credential_of_another_host', { final: true })
    return { user: username, password }
  }

  async function setPassword(context: Context, login: string, password: string | null): Promise<void> {
    const { owner, logins } = context.rotation.settings
    // INVARIANT: whatever a value says, nobody's password but these two's is touched.
    if (!logins.includes(login)) throw new RotationFault('login_not_of_this_rotation', { final: true })
    const verifier = password === null ? null : await scramVerifier(password)
    await asAdmin(context, async (client) => {
      if (password !== null && !(await isMember(client, login, owner))) {
        throw new RotationFault('login_not_member_of_owner', { final: true })
      }
      const name = client.escapeIdentifier(login)
      const secret = verifier === null ? 'NULL' : client.escapeLiteral(verifier)
      await context.guard()
      await client.query(`ALTER ROLE ${name} PASSWORD ${secret}`)
    })
  }

  return {
    async create(context) {
      const { host, port, database, logins } = context.rotation.settings
      const current = await context.current()
      const inUse = current && readLogin(current).username
      const username = logins.find((login) => login !== inUse)
      if (!username || (inUse !== undefined && !logins.includes(inUse))) {
        throw new RotationFault('current_login_unknown', { final: true })
      }
      // So that it is ended, too, where somebody switches the version that names it off meanwhile.
      await context.remember({ login: username, ...(inUse !== undefined && { replacedLogin: inUse }) })
      const password = randomBytes(PASSWORD_BYTES).toString('base64url')
      return new Secret(JSON.stringify({ username, password, host, port, database }))
    },
    async set(context, value) {
      const { username, password } = readLogin(value)
      await setPassword(context, username, password)
    },
    async verify(context, value) {
      const { settings } = context.rotation
      const { username, password } = readLogin(value)
      await withConnection(settings, { credentials: { user: username, password }, dial }, async (client) => {
        if (!(await isMember(client, username, settings.owner))) throw new RotationFault('login_not_member_of_owner')
      })
    },
    async retire(context, replaced) {
      const published = await context.current()
      const username = replaced ? readLogin(replaced).username : context.run.memory['replacedLogin']
      const old = username && otherLogin({ username }, published && readLogin(published))
      if (old) await setPassword(context, old, null)
    },
    async undo(context, value) {
      const current = await context.current()
      const added = value && otherLogin(readLogin(value), current && readLogin(current))
      if (added) await setPassword(context, added, null)
    },
  }
}

/** INVARIANT: the login that the current version names is never ended, whatever else is true. */
const otherLogin = (login: Pick<Login, 'username'>, current: Login | undefined) =>
  login.username === current?.username ? undefined : login.username

async function isMember(client: Client, login: string, owner: string): Promise<boolean> {
  const sql =
    'SELECT pg_has_role(l.oid, o.oid, $3) AS member FROM pg_roles l, pg_roles o WHERE l.rolname = $1 AND o.rolname = $2'
  const { rows } = await client.query<{ member: boolean }>(sql, [login, owner, 'MEMBER'])
  return rows[0]?.member === true
}
