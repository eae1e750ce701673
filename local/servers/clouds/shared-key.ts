import { createHmac, timingSafeEqual } from 'node:crypto'
import type { ServerRequest } from '../http-server.ts'

const STANDARD = [
  ...['content-encoding', 'content-language', 'content-length', 'content-md5', 'content-type', 'date'],
  ...['if-modified-since', 'if-match', 'if-none-match', 'if-unmodified-since', 'range'],
]

/**
 * Whether a request is signed with one of the keys (learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key, blob,
 * queue and file service, version 2015-02-21 and later).
 */
export function isSignedWith(request: ServerRequest, account: string, keys: readonly string[]): boolean {
  const [, name, signature = ''] = /^SharedKey ([a-z0-9]+):(\S+)$/.exec(request.headers.authorization ?? '') ?? []
  if (name !== account) return false
  const text = stringToSign(request, account)
  const given = Buffer.from(signature, 'base64')
  return keys.some((key) => {
    const wanted = createHmac('sha256', Buffer.from(key, 'base64')).update(text, 'utf8').digest()
    return given.length === wanted.length && timingSafeEqual(given, wanted)
  })
}

function stringToSign({ method, headers, url }: ServerRequest, account: string): string {
  const header = (name: string) => [headers[name]].flat()[0] ?? ''
  const standard = STANDARD.map((name) => {
    if (name === 'content-length' && header(name) === '0') return ''
    return name === 'date' && headers['x-ms-date'] !== undefined ? '' : header(name)
  })
  const own = Object.keys(headers)
    .filter((name) => name.startsWith('x-ms-'))
    .sort()
    .map((name) => `${name}:${header(name).replace(/\s+/g, ' ').trim()}\n`)
  return `${[method, ...standard].join('\n')}\n${own.join('')}${canonicalResource(url, account)}`
}

/** `/<account><path>` and each parameter of the query, in order of names, several values joined in order. */
function canonicalResource({ pathname, searchParams }: URL, account: string): string {
  const names = [...new Set([...searchParams.keys()].map((name) => name.toLowerCase()))].sort()
  const values = (wanted: string) =>
    [...searchParams].filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value)
  return [`/${account}${pathname}`, ...names.map((name) => `${name}:${values(name).sort().join(',')}`)].join('\n')
}
