import { describe, expect, it } from 'vitest'
import { createBlobs } from '../../../../../local/servers/clouds/delegated-storage/blobs.ts'
import type { FindOperation } from '../../../../../local/servers/clouds/delegated-storage/operation.ts'
import { createQueues } from '../../../../../local/servers/clouds/delegated-storage/queues.ts'
import { createTables } from '../../../../../local/servers/clouds/delegated-storage/tables.ts'
import { placed, spoken, storageRequest } from '../../../../support/storage-request.ts'

let now = Date.UTC(2026, 10, 25, 9)

type Parts = Parameters<typeof storageRequest>[1]

const operation = (find: FindOperation, url: string, parts?: Parts) => find(...placed(storageRequest(url, parts)))
const call = (find: FindOperation, url: string, parts?: Parts) => spoken(operation(find, url, parts)?.run())
const codeIn = ({ status, text, headers }: ReturnType<typeof spoken>) =>
  `${status} ${headers['x-ms-error-code'] ?? JSON.parse(text)['odata.error'].code}`

describe('blobs of the local clouds', () => {
  const blobs = createBlobs(() => now)
  const at = (path: string) => `https://contososas.blob.core.windows.net/c/${path}`
  const put = (path: string, body: string) => call(blobs, at(path), { method: 'PUT', body })

  it('are read whole and by ranges, as bytes', () => {
    expect(put('a.txt', 'grün').status).toBe(201)
    expect(call(blobs, at('a.txt'))).toMatchObject({ status: 200, text: 'grün' })
    const part = call(blobs, at('a.txt'), { headers: { 'x-ms-range': 'bytes=2-99' } })
    expect([part.status, part.text, part.headers['content-range']]).toEqual([206, 'ün', 'bytes 2-4/5'])
  })

  it('want `w` to be written over, and no more than `c` to be made', () => {
    put('a.txt', 'text')
    expect(operation(blobs, at('a.txt'), { method: 'PUT' })?.permissions).toEqual(['w'])
    expect(operation(blobs, at('new'), { method: 'PUT' })?.permissions).toEqual(['w', 'c'])
  })

  it('404 BlobNotFound: once they are deleted, and in another container or account', () => {
    put('b/<&>.txt', 'text')
    expect(call(blobs, at('?restype=container&comp=list&prefix=b/')).text).toContain('<Name>b/&lt;&amp;&gt;.txt</Name>')
    for (const url of [at('b/%3C&%3E.txt').replace('/c/', '/d/'), at('b/%3C&%3E.txt').replace('contoso', 'other')]) {
      expect(codeIn(call(blobs, url)), url).toBe('404 BlobNotFound')
    }
    expect(call(blobs, at('b/%3C&%3E.txt'), { method: 'DELETE' }).status).toBe(202)
    expect(codeIn(call(blobs, at('b/%3C&%3E.txt')))).toBe('404 BlobNotFound')
    expect(codeIn(call(blobs, at('b/%3C&%3E.txt'), { method: 'DELETE' }))).toBe('404 BlobNotFound')
    expect(call(blobs, at('?restype=container&comp=list&prefix=b/')).text).not.toContain('<Name>')
  })
})

describe('queues of the local clouds', () => {
  const queues = createQueues(() => now)
  const queue = 'https://contososas.queue.core.windows.net/orders/messages'
  const body = '<QueueMessage><MessageText>one</MessageText></QueueMessage>'
  const member = (text: string, name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1]

  it('take a message from others for 30 seconds, a peek from nobody', () => {
    expect(call(queues, queue, { method: 'POST', body }).status).toBe(201)
    expect(call(queues, `${queue}?peekonly=true`).text).toContain('<MessageText>one</MessageText>')
    expect(call(queues, `${queue}?peekonly=true`).text).not.toContain('PopReceipt')
    expect(call(queues, queue).text).toContain('<DequeueCount>1</DequeueCount>')
    expect(call(queues, queue).text).not.toContain('<MessageText>')
    now += 30_000
    const taken = call(queues, queue).text
    expect(taken).toContain('<DequeueCount>2</DequeueCount>')
    const one = `${queue}/${member(taken, 'MessageId')}?popreceipt=${member(taken, 'PopReceipt')}`
    expect(call(queues, one, { method: 'DELETE' }).status).toBe(204)
    expect(codeIn(call(queues, one, { method: 'DELETE' }))).toBe('404 MessageNotFound')
  })

  it('404 MessageNotFound: under a receipt that another update made old', () => {
    const sent = call(queues, queue, { method: 'POST', body }).text
    const one = `${queue}/${member(sent, 'MessageId')}?visibilitytimeout=60&popreceipt=${member(sent, 'PopReceipt')}`
    const two = { method: 'PUT', body: body.replace('one', 'two') }
    expect(call(queues, one, two).headers['x-ms-popreceipt']).not.toBe(member(sent, 'PopReceipt'))
    expect(codeIn(call(queues, one, two))).toBe('404 MessageNotFound')
    expect(call(queues, `${queue}?peekonly=true`).text).not.toContain('<MessageText>')
    now += 60_000
    expect(call(queues, `${queue}?peekonly=true`).text).toContain('<MessageText>two</MessageText>')
  })

  it('are cleared by no SAS, and take nothing but a message', () => {
    expect(operation(queues, queue, { method: 'DELETE' })?.permissions).toEqual([])
    expect(codeIn(call(queues, queue, { method: 'POST', body: 'one' }))).toBe('400 InvalidXmlDocument')
    expect(operation(queues, queue.replace('/messages', ''), { method: 'DELETE' })).toBeUndefined()
  })
})

describe('tables of the local clouds', () => {
  const tables = createTables(() => now)
  const table = 'https://contososas.table.core.windows.net/Orders'
  const row = `${table}(PartitionKey='p',RowKey='it''s%2F1')`
  const body = JSON.stringify({ PartitionKey: 'p', RowKey: "it's/1", amount: 1, kept: true })
  const any = { 'if-match': '*' }

  it('409 EntityAlreadyExists: an insert of what is there; the name is the same in any case', () => {
    expect(call(tables, table, { method: 'POST', body }).status).toBe(204)
    expect(codeIn(call(tables, table.replace('O', 'o'), { method: 'POST', body }))).toBe('409 EntityAlreadyExists')
    expect(JSON.parse(call(tables, row).text)).toMatchObject({ amount: 1, kept: true })
    expect(JSON.parse(call(tables, `${table}()`).text).value).toHaveLength(1)
  })

  it('merge or replace, and want add and update for what may be either', () => {
    const more = JSON.stringify({ amount: 2 })
    expect(call(tables, row, { method: 'PATCH', headers: any, body: more }).status).toBe(204)
    expect(JSON.parse(call(tables, row).text)).toMatchObject({ amount: 2, kept: true })
    expect(call(tables, row, { method: 'PUT', headers: any, body: more }).status).toBe(204)
    expect(JSON.parse(call(tables, row).text)).not.toHaveProperty('kept')
    expect(operation(tables, row, { method: 'PUT', headers: any })?.permissions).toEqual(['u'])
    expect(operation(tables, row, { method: 'PUT' })?.permissions).toEqual(['au'])
  })

  it('412 UpdateConditionNotSatisfied: over a newer version; 404 ResourceNotFound: what is not there', () => {
    const old = { 'if-match': JSON.parse(call(tables, row).text)['odata.etag'] as string }
    now += 1
    const set = (headers: Record<string, string>) => call(tables, row, { method: 'PUT', headers, body: '{}' })
    expect(set(old).status).toBe(204)
    expect(codeIn(set(old))).toBe('412 UpdateConditionNotSatisfied')
    expect(call(tables, row, { method: 'DELETE', headers: any }).status).toBe(204)
    expect(codeIn(set(any))).toBe('404 ResourceNotFound')
    expect(codeIn(call(tables, row))).toBe('404 ResourceNotFound')
  })

  it('501 NotImplemented: a filter, which would otherwise pass for kept; 400 InvalidInput: what is no entity', () => {
    expect(codeIn(call(tables, `${table}()?$filter=amount%20gt%201`))).toBe('501 NotImplemented')
    expect(codeIn(call(tables, table, { method: 'POST', body: '[' }))).toBe('400 InvalidInput')
    expect(codeIn(call(tables, table, { method: 'POST', body: '[]' }))).toBe('400 InvalidInput')
  })
})
