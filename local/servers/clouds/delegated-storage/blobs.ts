import { randomUUID } from 'node:crypto'
import type { ServerAnswer, ServerRequest } from '../../http-server.ts'
import { storageAnswer, storageRefusal, xmlText } from './answers.ts'
import type { FindOperation } from './operation.ts'

type Blob = { bytes: Buffer; type: string; headers: Record<string, string> }

/**
 * Put, Get, Delete and List Blobs, in memory; text only, since bodies are read as UTF-8. Every container exists. Permissions:
 * learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas#permissions-for-a-directory-container-or-blob.
 */
export function createBlobs(now: () => number): FindOperation {
  const containers = new Map<string, Map<string, Blob>>()
  return (request, { account, segments: [container, ...path] }) => {
    if (container === undefined) return undefined
    const id = `${account}/${container}`
    const blobs = containers.get(id) ?? new Map<string, Blob>()
    const name = path.join('/')
    const { method, url } = request
    const comp = url.searchParams.get('comp')
    if (name === '') {
      const isList = method === 'GET' && comp === 'list' && url.searchParams.get('restype') === 'container'
      return isList ? { name: 'list', permissions: ['l'], run: () => listed(request, blobs) } : undefined
    }
    const found = blobs.get(name)
    if (comp !== null) return undefined
    switch (method) {
      case 'PUT':
        // To create is less than to write over.
        return {
          name: 'put',
          permissions: found ? ['w'] : ['w', 'c'],
          run: () => {
            const blob = blobOf(request, now())
            containers.set(id, blobs.set(name, blob))
            return storageAnswer(request, 201, { headers: blob.headers })
          },
        }
      case 'GET':
      case 'HEAD':
        return { name: 'get', permissions: ['r'], run: () => (found ? read(request, found) : missing(request)) }
      case 'DELETE':
        return {
          name: 'delete',
          permissions: ['d'],
          run: () => (blobs.delete(name) ? storageAnswer(request, 202) : missing(request)),
        }
      default:
        return undefined
    }
  }
}

const missing = (request: ServerRequest) => storageRefusal(request, 'blob', 'BlobNotFound')

function blobOf({ body, headers }: ServerRequest, at: number): Blob {
  const type = String(headers['x-ms-blob-content-type'] ?? headers['content-type'] ?? 'application/octet-stream')
  const made = { etag: `"${randomUUID()}"`, 'last-modified': new Date(at).toUTCString() }
  return { bytes: Buffer.from(body), type, headers: made }
}

function read(request: ServerRequest, { bytes, type, headers: made }: Blob): ServerAnswer {
  const headers = { ...made, 'content-type': type, 'accept-ranges': 'bytes', 'x-ms-blob-type': 'BlockBlob' }
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(String(request.headers['x-ms-range'] ?? '')) ?? []
  if (from === undefined) return storageAnswer(request, 200, { headers, text: bytes.toString() })
  const end = Math.min(to ? Number(to) : bytes.length - 1, bytes.length - 1)
  const range = { 'content-range': `bytes ${from}-${end}/${bytes.length}` }
  const text = bytes.subarray(Number(from), end + 1).toString()
  return storageAnswer(request, 206, { headers: { ...headers, ...range }, text })
}

function listed(request: ServerRequest, blobs: ReadonlyMap<string, Blob>): ServerAnswer {
  const prefix = request.url.searchParams.get('prefix') ?? ''
  const items = [...blobs]
    .filter(([name]) => name.startsWith(prefix))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { bytes, headers }]) => {
      const length = `<Content-Length>${bytes.length}</Content-Length><BlobType>BlockBlob</BlobType>`
      const properties = `<Last-Modified>${headers['last-modified']}</Last-Modified><Etag>${headers['etag']}</Etag>${length}`
      return `<Blob><Name>${xmlText(name)}</Name><Properties>${properties}</Properties></Blob>`
    })
  const xml = `<EnumerationResults><Blobs>${items.join('')}</Blobs><NextMarker/></EnumerationResults>`
  return storageAnswer(request, 200, { xml })
}
