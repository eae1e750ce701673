import type { Client } from 'pg'
import type { DatabaseSettings } from '../../../policy/documents/rotators/database.ts'
import { RotationFault } from '../../rotator.ts'

/** Where a host is really reached: the same in Azure, a local server in a local run. `ca`: PEM beside the system's own. */
export type Dial = (host: string, port: number) => { host: string; port: number; ca?: string }

export type Credentials = { user: string; password: string }

const CONNECT_MS = 10_000
const STATEMENT_MS = 15_000

/** What the server says of a login that is wrong, told apart from one that cannot be had. */
const REFUSED: ReadonlySet<string> = new Set(['28P01', '28000', '3D000', '42501'])

/**
 * Runs `use` over a fresh connection. Throws RotationFault: `login_refused`, `database_unreachable`, or what `use` throws of
 * that kind. Errors of the client carry statements and addresses and never get out.
 */
export async function withConnection<T>(
  settings: DatabaseSettings,
  { credentials, dial }: { credentials: Credentials; dial: Dial },
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const { Client } = (await import('pg')).default
  const { host, port, ca } = dial(settings.host, settings.port)
  if (settings.tls === 'off' && host !== '127.0.0.1') throw new RotationFault('tls_required', { final: true })
  const client = new Client({
    ...{ host, port, ...credentials, database: settings.database, application_name: 'sallyport' },
    ssl: settings.tls === 'off' ? false : { servername: settings.host, rejectUnauthorized: true, ...(ca && { ca }) },
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    query_timeout: STATEMENT_MS,
  })
  // A connection that breaks between two queries would otherwise end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await use(client)
  } catch (error) {
    if (error instanceof RotationFault) throw error
    throw new RotationFault(reasonOf((error as { code?: unknown }).code))
  } finally {
    await client.end().catch(() => undefined)
  }
}

function reasonOf(code: unknown): string {
  if (typeof code !== 'string') return 'database_unreachable'
  if (REFUSED.has(code)) return 'login_refused'
  return /^(ERR_TLS|CERT_|SELF_SIGNED|DEPTH_|UNABLE_TO_)/.test(code) ? 'certificate_refused' : 'database_unreachable'
}
