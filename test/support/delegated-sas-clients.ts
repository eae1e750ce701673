import { randomUUID } from 'node:crypto'
import type { Agent } from 'node:https'
import { AzureSASCredential, TableClient } from '@azure/data-tables'
import { AnonymousCredential, ContainerClient } from '@azure/storage-blob'
import { QueueClient } from '@azure/storage-queue'
import type { TestRig } from './rig.ts'
import { agentPolicy, staticCredential } from './sdk.ts'

export type StorageKind = 'directory' | 'queue' | 'table'

/** Where a SAS is tried, when not where it is for; `bearer`: an Entra token that comes with it. */
export type Where = { account?: string; container?: string; thing?: string; bearer?: string }

/** Everything that a client does under a SAS; `all` prepares under another SAS, which may do everything, what the act needs. */
export type Act = (sas: string, all: string, where?: Where) => Promise<unknown>

/** The unmodified client libraries with nothing but a SAS, by kind and by what they do. */
export function storageClients({ agent, account: own }: { agent: Agent; account: string }) {
  const container = (sas: string, { account = own, container = 'reports', bearer }: Where = {}) =>
    new ContainerClient(
      `https://${account}.blob.core.windows.net/${container}?${sas}`,
      bearer ? staticCredential(bearer) : new AnonymousCredential(),
      { retryOptions: { maxTries: 1 }, agent } as never,
    )
  const blob = (sas: string, name: string, where: Where = {}) =>
    container(sas, where).getBlockBlobClient(`${where.thing ?? 'year'}/${name}`)
  const queue = (sas: string, { account = own, thing = 'orders', bearer }: Where = {}) =>
    new QueueClient(
      `https://${account}.queue.core.windows.net/${thing}?${sas}`,
      bearer ? staticCredential(bearer) : undefined,
      { retryOptions: { maxTries: 1 }, additionalPolicies: [agentPolicy(agent)] } as never,
    )
  const table = (sas: string, { account = own, thing = 'Orders', bearer }: Where = {}) => {
    const endpoint = `https://${account}.table.core.windows.net`
    const options = { retryOptions: { maxRetries: 0 }, additionalPolicies: [agentPolicy(agent)] }
    return bearer
      ? new TableClient(`${endpoint}?${sas}`, thing, staticCredential(bearer), options)
      : new TableClient(endpoint, thing, new AzureSASCredential(sas), options)
  }

  const acts: Record<StorageKind, Record<string, Act>> = {
    directory: {
      read: async (sas, _all, where) => void (await blob(sas, 'a.txt', where).downloadToBuffer()),
      create: (sas, _all, where) => blob(sas, randomUUID(), where).upload('new', 3),
      write: (sas, _all, where) => blob(sas, 'a.txt', where).upload('text', 4),
      delete: async (sas, all, where) => {
        const name = randomUUID()
        await blob(all, name).upload('text', 4)
        await blob(sas, name, where).delete()
      },
    },
    queue: {
      read: async (sas, all, where) => {
        await queue(all).sendMessage('<one> & more')
        const { peekedMessageItems } = await queue(sas, where).peekMessages()
        if (peekedMessageItems.length !== 1) throw new Error('nothing to peek at')
      },
      add: (sas, _all, where) => queue(sas, where).sendMessage('one'),
      update: async (sas, all, where) => {
        const { messageId, popReceipt } = await queue(all).sendMessage('one')
        await queue(sas, where).updateMessage(messageId, popReceipt, 'two', 0)
      },
      process: async (sas, all, where) => {
        await queue(all).sendMessage('one')
        const { receivedMessageItems } = await queue(sas, where).receiveMessages()
        for (const { messageId, popReceipt } of receivedMessageItems) {
          await queue(sas, where).deleteMessage(messageId, popReceipt)
        }
        if (receivedMessageItems.length !== 1) throw new Error('nothing to receive')
      },
    },
    table: {
      read: async (sas, all, where) => {
        const rowKey = await row(all)
        await table(sas, where).getEntity('p', rowKey)
        const rows: unknown[] = []
        for await (const entity of table(sas, where).listEntities()) rows.push(entity.rowKey)
        if (!rows.includes(rowKey)) throw new Error('the row is not listed')
      },
      add: (sas, _all, where) => table(sas, where).createEntity({ partitionKey: 'p', rowKey: randomUUID() }),
      update: async (sas, all, where) => {
        const entity = { partitionKey: 'p', rowKey: await row(all), amount: 2 }
        await table(sas, where).updateEntity(entity, 'Merge', { etag: '*' })
      },
      delete: async (sas, all, where) => void (await table(sas, where).deleteEntity('p', await row(all))),
    },
  }

  async function row(all: string): Promise<string> {
    const rowKey = `it's/${randomUUID()}`
    await table(all).createEntity({ partitionKey: 'p', rowKey, amount: 1 })
    return rowKey
  }

  return { acts, container, blob, queue, table }
}

/** An Entra token for storage of any tenant's principal of that object id. */
export function entraStorageToken(local: TestRig, oid: string, tenant: string): Promise<string> {
  const iat = Math.floor(Date.now() / 1_000)
  const claims = { oid, sub: oid, tid: tenant, aud: 'https://storage.azure.com', iat, exp: iat + 3_600 }
  return local.mint({ ...claims, iss: `https://sts.windows.net/${tenant}/` }, { realm: tenant })
}

type Failure = {
  statusCode?: number
  code?: string
  details?: { odataError?: { code?: string } }
  response?: { headers: { get(name: string): string | undefined } }
}

/** `done`, or status and documented code of the refusal. */
export const outcome = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => 'done',
    (error: Failure) => {
      if (error.statusCode === undefined) throw error
      // A refused HEAD has its code in the header alone, where the library does not look.
      const code = error.details?.odataError?.code ?? error.code ?? error.response?.headers.get('x-ms-error-code')
      return `${error.statusCode} ${code}`
    },
  )
