import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ensureCertificates } from '../../../local/servers/certificates.ts'
import { createAzure } from '../../../shared/azure/azure.ts'
import { StorageError, type Table } from '../../../shared/azure/table.ts'
import { rig } from '../../support/rig.ts'

const local = rig()
const HOST = 'odd.table.core.windows.net'
const CANARY = 'canary-91aa02'

let answer: (response: ServerResponse) => void
let requests = 0
let server: Server
let table: Table

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
  }

const odata = (code: string) => ({ 'odata.error': { code, message: { lang: 'en-us', value: CANARY } } })
const row = { partitionKey: 'p', rowKey: 'r', secret: CANARY }

async function thrown(promise: Promise<unknown>): Promise<StorageError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof StorageError)) throw new Error(`no StorageError: ${inspect(error)}`)
  return error
}

const everyCall = (deadlineMs = 2_000): Promise<unknown>[] => [
  table.get('p', 'r', { deadlineMs }),
  table.insert(row, { deadlineMs }),
  table.replace(row, 'W/"1"', { deadlineMs }),
  table.remove('p', 'r', 'W/"1"', { deadlineMs }),
  table.list({ partitionKey: 'p' }, { deadlineMs })[Symbol.asyncIterator]().next(),
  table.transact([{ act: 'insert', row }], { deadlineMs }),
]

beforeAll(async () => {
  const { cert, key } = await ensureCertificates(local.stateDir, () => Date.now())
  server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
    requests += 1
    request.resume()
    answer(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const route = `${HOST}=127.0.0.1:${(server.address() as AddressInfo).port}`
  const config = local.config({
    SALLYPORT_LOCAL_HOSTS: `${local.environment['SALLYPORT_LOCAL_HOSTS']},${route}`,
    SALLYPORT_TABLE_ENDPOINT: `https://${HOST}`,
  })
  table = createAzure(config).table('keys')
})
afterAll(() => server.close())
beforeEach(() => {
  requests = 0
})

describe('storage in trouble: every call is a StorageError that holds nothing', () => {
  it.each([
    [403, odata('AuthorizationFailure'), 'forbidden'],
    [404, odata('TableNotFound'), 'no_table'],
    [409, odata('TableBeingDeleted'), 'no_table'],
    [400, odata('InvalidInput'), 'rejected'],
    [413, odata('RequestBodyTooLarge'), 'rejected'],
    [500, odata('InternalError'), 'unreachable'],
    [500, '', 'unreachable'],
    [302, '', 'unreachable'],
    [307, '', 'unreachable'],
  ] as const)('%d → %j', async (status, body, reason) => {
    answer = json(status, body, { location: `https://${HOST}/elsewhere` })
    const errors = await Promise.all(everyCall().map(thrown))
    expect(errors.map((error) => error.reason)).toEqual(Array.from({ length: 6 }, () => reason))
    expect(requests).toBe(6)
    expect(inspect(errors, { depth: 20, showHidden: true })).not.toContain(CANARY)
  })

  it.each([429, 503])('%d: throttled, with the seconds it said, after one request', async (status) => {
    answer = json(status, '', { 'retry-after': '42' })
    const errors = await Promise.all(everyCall().map(thrown))
    expect(errors.map(({ reason, retryAfterSeconds }) => [reason, retryAfterSeconds])).toEqual(
      Array.from({ length: 6 }, () => ['throttled', 42]),
    )
    expect(requests).toBe(6)
  })

  it('frozen: timeout within the deadline of each call', async () => {
    answer = () => undefined
    const errors = await Promise.all(everyCall(150).map(thrown))
    expect(errors.map(({ reason }) => reason)).toEqual(Array.from({ length: 6 }, () => 'timeout'))
  })

  it('reset: once more, then unreachable', async () => {
    answer = (response) => response.destroy()
    const errors = await Promise.all(everyCall().map(thrown))
    expect(errors.map(({ reason }) => reason)).toEqual(Array.from({ length: 6 }, () => 'unreachable'))
    expect(requests).toBe(12)
  })

  it('reset once: the second try counts', async () => {
    answer = (response) => {
      answer = json(200, { PartitionKey: 'p', RowKey: 'r', 'odata.etag': 'W/"1"' })
      response.destroy()
    }
    expect(await table.get('p', 'r')).toEqual({ partitionKey: 'p', rowKey: 'r', etag: 'W/"1"' })
  })

  it.each(['<html>', '', '{}', '[]', 'null', '{"value":null}', '{"value":[{}]}', '{"value":[7]}'])(
    'garbage is neither a row nor an empty list: %j',
    async (body) => {
      answer = json(200, body)
      const list = table.list({ partitionKey: 'p' })[Symbol.asyncIterator]()
      expect((await thrown(table.get('p', 'r'))).reason).toBe('unreachable')
      expect((await thrown(list.next())).reason).toBe('unreachable')
    },
  )

  it('another row than the one asked for is no answer', async () => {
    answer = json(200, { PartitionKey: 'p', RowKey: 'other', 'odata.etag': 'W/"1"' })
    expect((await thrown(table.get('p', 'r'))).reason).toBe('unreachable')
  })

  it('a list ends in an error when a later page fails, never short', async () => {
    answer = (response) => {
      answer = json(200, '<html>')
      const first = { value: [{ PartitionKey: 'p', RowKey: '1', 'odata.etag': 'W/"1"' }] }
      const next = { 'x-ms-continuation-NextPartitionKey': 'p', 'x-ms-continuation-NextRowKey': '2' }
      json(200, first, next)(response)
    }
    const rows = table.list({ partitionKey: 'p' })[Symbol.asyncIterator]()
    expect((await rows.next()).value).toMatchObject({ rowKey: '1' })
    expect((await thrown(rows.next())).reason).toBe('unreachable')
  })

  it('asks for as many rows at a time as the query says: big rows must not miss the deadline of a page', async () => {
    let url = ''
    answer = (response) => {
      url = response.req.url ?? ''
      json(200, { value: [] })(response)
    }
    for await (const _row of table.list({ partitionKey: 'p', pageRows: 7 })) throw new Error('there is none')
    expect(new URL(url, 'https://x').searchParams.get('$top')).toBe('7')
  })
})
