import type { Agent } from 'node:https'
import { request } from 'node:https'
import { TableServiceClient } from '@azure/data-tables'
import { CONTAINERS, QUEUES, TABLES } from '../../shared/azure/storage-names.ts'

export type StorageOptions = {
  account: string
  /** Routes the account's host names to the local server. */
  agent: Agent
  /** Token for https://storage.azure.com. */
  token: string
}

/** Makes every table, container and queue of the gateway in one account; what exists stays. In Azure Bicep does this. */
export async function createStorage({ account, agent, token }: StorageOptions): Promise<void> {
  const credential = { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) }
  const tables = new TableServiceClient(`https://${account}.table.core.windows.net`, credential, {
    additionalPolicies: [
      {
        position: 'perRetry',
        policy: {
          name: 'local-route',
          sendRequest: (call, next) => {
            call.agent = agent
            return next(call)
          },
        },
      },
    ],
  })
  const put = (url: string) => created(url, { agent, token })
  await Promise.all([
    ...Object.values(TABLES).map((name) => tables.createTable(name)),
    ...Object.values(CONTAINERS).map((name) =>
      put(`https://${account}.blob.core.windows.net/${name}?restype=container`),
    ),
    ...Object.values(QUEUES).map((name) => put(`https://${account}.queue.core.windows.net/${name}`)),
  ])
}

/** No SDK is in the tree for blobs and queues: one PUT each. */
function created(url: string, { agent, token }: { agent: Agent; token: string }): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'x-ms-version': '2025-01-05', 'content-length': 0 }
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'PUT', agent, headers }, (response) => {
      response.resume()
      const { statusCode = 0 } = response
      const done = statusCode === 201 || statusCode === 204 || statusCode === 409
      if (done) resolve()
      else reject(new Error(`${new URL(url).host} answered ${statusCode} when a container or queue was made`))
    })
    call.on('error', reject)
    call.end()
  })
}
