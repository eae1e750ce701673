import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { startChild } from '../../local/servers/child.ts'
import { asSuperuser } from '../../local/servers/postgres/superuser.ts'
import type { Dial } from '../../shared/rotation/rotators/database/connect.ts'

export type TestPostgres = {
  dial: Dial
  ca: string
  /** `127.0.0.1:<port>`. */
  address: string
  asSuperuser: <T>(use: (client: Client) => Promise<T>, database?: string) => Promise<T>
  /** Logs in as an application does, over TLS; throws what the client throws. */
  logIn: (login: { username: string; password: string; database: string }) => Promise<string>
  stop: () => Promise<void>
}

/** A PostgreSQL of this test file alone; the certificates are its own too, or those of the folder `tlsOf`. */
export async function startPostgres({ tlsOf }: { tlsOf?: string } = {}): Promise<TestPostgres> {
  const stateDir = mkdtempSync(join(tmpdir(), 'sallyport-postgres-'))
  if (tlsOf !== undefined) cpSync(join(tlsOf, 'tls'), join(stateDir, 'tls'), { recursive: true })
  const args = ['--state', stateDir, '--memory']
  const child = await startChild({ name: 'postgres', main: 'postgres/main.ts', args, log: () => undefined })
  const port = child.ports['postgres'] ?? 0
  const ca = join(stateDir, 'tls', 'ca.pem')
  const pem = readFileSync(ca, 'utf8')
  const place = { stateDir, address: `tcp://127.0.0.1:${port}`, ca }
  return {
    ca: pem,
    address: `127.0.0.1:${port}`,
    dial: () => ({ host: '127.0.0.1', port, ca: pem }),
    asSuperuser: (use, database) => asSuperuser(place, use, database),
    async logIn({ username, password, database }) {
      const client = new Client({ host: '127.0.0.1', port, user: username, password, database, ssl: { ca: pem } })
      await client.connect()
      try {
        const { rows } = await client.query<{ who: string }>('SELECT current_user AS who')
        return rows[0]?.who ?? ''
      } finally {
        await client.end()
      }
    },
    async stop() {
      await child.stop()
      rmSync(stateDir, { recursive: true, force: true })
    },
  }
}
