import { type Agent, request } from 'node:https'
import { CONTAINERS, QUEUES, TABLES } from '../../shared/azure/storage-names.ts'

export type StorageOptions = {
  account: string
  /** Routes the account's host names to the local server. */
  agent: Agent
  /** Token for https://storage.azure.com. */
  token: string
}

type Making = { method: 'POST' | 'PUT'; url: string; body?: object }

/** Each connection costs a TLS handshake on both sides, more than what is asked over it. */
const AT_ONCE = 3
const MADE = [201, 204]
const EXISTS = 409
const LIMIT_MS = 30_000

/**
 * Makes every table, container and queue of the gateway in one account; what exists stays. In Azure Bicep does this. Throws when the
 * account refuses one (learn.microsoft.com/rest/api/storageservices: Create Table, Create Container, Create Queue).
 */
export async function createStorage({ account, agent, token }: StorageOptions): Promise<void> {
  const hostOf = (service: string) => `https://${account}.${service}.core.windows.net`
  const left: Making[] = [
    ...Object.values(TABLES).map(
      (TableName): Making => ({ method: 'POST', url: `${hostOf('table')}/Tables`, body: { TableName } }),
    ),
    ...Object.values(CONTAINERS).map(
      (name): Making => ({ method: 'PUT', url: `${hostOf('blob')}/${name}?restype=container` }),
    ),
    ...Object.values(QUEUES).map((name): Making => ({ method: 'PUT', url: `${hostOf('queue')}/${name}` })),
  ]
  const lane = async () => {
    for (let next = left.shift(); next; next = left.shift()) await make(next, { agent, token })
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, lane))
  } finally {
    // Nothing is begun after one has failed.
    left.length = 0
  }
}

/** One request each, without a client library: these three are all that it would do here. */
function make({ method, url, body }: Making, { agent, token }: { agent: Agent; token: string }): Promise<void> {
  const text = body ? JSON.stringify(body) : ''
  const headers = {
    authorization: `Bearer ${token}`,
    'x-ms-version': '2025-01-05',
    'content-length': text.length,
    ...(body && {
      'content-type': 'application/json',
      accept: 'application/json;odata=nometadata',
      prefer: 'return-no-content',
    }),
  }
  return new Promise((resolve, reject) => {
    const call = request(url, { method, agent, headers, signal: AbortSignal.timeout(LIMIT_MS) }, (response) => {
      response.resume()
      const { statusCode = 0 } = response
      if (MADE.includes(statusCode) || statusCode === EXISTS) response.once('end', resolve).once('error', reject)
      else reject(new Error(`${new URL(url).host} answered ${statusCode} when its storage was made`))
    })
    call.on('error', reject)
    call.end(text)
  })
}
