import { describe, expect, it } from 'vitest'
import { resourceOf } from '../../../../../local/servers/clouds/delegated-storage/resource.ts'
import { placed, storageRequest } from '../../../../support/storage-request.ts'

const resource = (url: string, fields: Record<string, string>) => {
  const [, place] = placed(storageRequest(`https://contososas.${url}`))
  return resourceOf(place, new Map(Object.entries(fields)))
}
const blob = (path: string, fields: Record<string, string>) => resource(`blob.core.windows.net/${path}`, fields)

describe('canonicalizedResource: what a request is about, as far as its SAS reaches', () => {
  it('is the container, the blob, or the first `sdd` segments of a name', () => {
    expect(blob('c/a/b/x.txt', { sr: 'c' })).toBe('/blob/contososas/c')
    expect(blob('c/a/b/x.txt', { sr: 'b' })).toBe('/blob/contososas/c/a/b/x.txt')
    expect(blob('c/a/b/x.txt', { sr: 'd', sdd: '1' })).toBe('/blob/contososas/c/a')
    expect(blob('c/a/b/x.txt', { sr: 'd', sdd: '2' })).toBe('/blob/contososas/c/a/b')
    expect(blob('c/a%20b/x', { sr: 'd', sdd: '1' })).toBe('/blob/contososas/c/a b')
  })

  it('takes a dot segment for what it means, also an encoded one', () => {
    for (const path of ['c/a/../b/x', 'c/a/%2e%2e/b/x', 'c/a%2f..%2fb/x', 'c/./b/x']) {
      expect(blob(path, { sr: 'd', sdd: '1' }), path).toBe('/blob/contososas/c/b')
    }
  })

  it('is none where SAS and request do not go together', () => {
    const wrong: [string, Record<string, string>][] = [
      ['c', { sr: 'b' }],
      ['c', { sr: 'd', sdd: '1' }],
      ['c/a', { sr: 'd', sdd: '2' }],
      ['c/a', { sr: 'd', sdd: '0' }],
      ['c/a', { sr: 'd', sdd: '1.0' }],
      ['c/a', { sr: 'd' }],
      ['c/a', { sr: 'b', sdd: '1' }],
      ['c/a', { sr: 'q' }],
      ['c/a', {}],
      ['', { sr: 'c' }],
    ]
    for (const [path, fields] of wrong) expect(blob(path, fields), JSON.stringify([path, fields])).toBeUndefined()
  })

  it('is the queue of the path, and the table of path and `tn` in lower case', () => {
    expect(resource('queue.core.windows.net/orders/messages', {})).toBe('/queue/contososas/orders')
    expect(resource('queue.core.windows.net/orders/messages', { sr: 'q' })).toBe('/queue/contososas/orders')
    expect(resource('queue.core.windows.net/orders/messages', { sr: 'c' })).toBeUndefined()
    const row = "table.core.windows.net/Orders(PartitionKey='a%2Fb',RowKey='(')"
    expect(resource(row, { tn: 'ORDERS' })).toBe('/table/contososas/orders')
    expect(resource(row, { tn: 'Others' })).toBeUndefined()
    expect(resource(row, {})).toBeUndefined()
  })
})
