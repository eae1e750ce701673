import type { ServerAnswer, ServerRequest } from '../../http-server.ts'
import { type StorageCode, storageAnswer, storageRefusal } from './answers.ts'
import type { FindOperation, Operation } from './operation.ts'
import { tableIn } from './resource.ts'

type Entity = Record<string, unknown>
type Call = { request: ServerRequest; entities: Map<string, Entity>; now: number }

/**
 * Insert, Get, Query, Update, Merge, Upsert and Delete Entity, in memory; every table exists; no filters and no transactions. Permissions:
 * learn.microsoft.com/rest/api/storageservices/create-service-sas#permissions-for-a-table, which the user-delegation SAS shares.
 */
export function createTables(now: () => number): FindOperation {
  const tables = new Map<string, Map<string, Entity>>()
  return (request, { account, segments: [segment = '', ...more] }) => {
    const table = tableIn(segment)
    const [, partition, row] = KEYS.exec(segment.slice(table.length)) ?? []
    if (!/^[A-Za-z][A-Za-z0-9]{2,62}$/.test(table) || more.length > 0) return undefined
    const name = `${account}/${table.toLowerCase()}`
    const entities = tables.get(name) ?? new Map<string, Entity>()
    tables.set(name, entities)
    const call = { request, entities, now: now() }
    if (partition === undefined || row === undefined) return onTable(call)
    return onEntity(call, { PartitionKey: plain(partition), RowKey: plain(row) })
  }
}

const KEYS = /^\(PartitionKey='((?:[^']|'')*)',RowKey='((?:[^']|'')*)'\)$/
const plain = (quoted: string) => quoted.replaceAll("''", "'")
const idOf = ({ PartitionKey, RowKey }: Entity) => JSON.stringify([PartitionKey, RowKey])
const refusal = (request: ServerRequest, code: StorageCode) => storageRefusal(request, 'table', code)

function onTable({ request, entities, now }: Call): Operation | undefined {
  if (request.method === 'POST') {
    const insert = () => {
      const given = entityIn(request)
      if (!given) return refusal(request, 'InvalidInput')
      if (entities.has(idOf(given))) return refusal(request, 'EntityAlreadyExists')
      return kept({ request, entities, now }, given)
    }
    return { name: 'insert', permissions: ['a'], run: insert }
  }
  if (request.method !== 'GET') return undefined
  const { searchParams } = request.url
  const isWhole = !['$filter', '$select'].some((name) => searchParams.has(name))
  const query = () => storageAnswer(request, 200, { json: { value: [...entities.values()] } })
  return { name: 'query', permissions: ['r'], run: isWhole ? query : () => refusal(request, 'NotImplemented') }
}

function onEntity(call: Call, keys: { PartitionKey: string; RowKey: string }): Operation | undefined {
  const { request, entities } = call
  const { method, headers } = request
  const found = entities.get(idOf(keys))
  const condition = headers['if-match']
  const over = (act: () => ServerAnswer) => () => {
    if (condition !== undefined && !found) return refusal(request, 'ResourceNotFound')
    const isMet = condition === undefined || condition === '*' || condition === found?.['odata.etag']
    return isMet ? act() : refusal(request, 'UpdateConditionNotSatisfied')
  }
  switch (method) {
    case 'GET': {
      const get = () => (found ? storageAnswer(request, 200, { json: found }) : refusal(request, 'ResourceNotFound'))
      return { name: 'get', permissions: ['r'], run: get }
    }
    case 'PUT':
    case 'PATCH':
    case 'MERGE': {
      const set = () => {
        const given = entityIn(request)
        return given
          ? kept(call, { ...(method !== 'PUT' && found), ...given, ...keys })
          : refusal(request, 'InvalidInput')
      }
      // Without If-Match it may also make one: an upsert wants both.
      return { name: 'set', permissions: [condition === undefined ? 'au' : 'u'], run: over(set) }
    }
    case 'DELETE': {
      const remove = () => {
        entities.delete(idOf(keys))
        return storageAnswer(request, 204)
      }
      return { name: 'delete', permissions: ['d'], run: over(remove) }
    }
    default:
      return undefined
  }
}

function entityIn({ body }: ServerRequest): Entity | undefined {
  try {
    const given: unknown = JSON.parse(body)
    return typeof given === 'object' && given !== null && !Array.isArray(given) ? (given as Entity) : undefined
  } catch {
    return undefined
  }
}

function kept({ request, entities, now }: Call, given: Entity): ServerAnswer {
  const Timestamp = new Date(now).toISOString()
  const etag = `W/"datetime'${encodeURIComponent(Timestamp)}'"`
  entities.set(idOf(given), { ...given, Timestamp, 'odata.etag': etag })
  return storageAnswer(request, 204, { headers: { etag } })
}
