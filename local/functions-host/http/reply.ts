import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { RpcData, RpcHttpResponse } from '../app/core-types.ts'
import { formatCookie } from './cookies.ts'

export type Reply = {
  status: number
  /** Flat list of names and values, as writeHead takes it. */
  headers?: string[]
  body?: Uint8Array | string | undefined
  /** Lets Node send the body chunked, as the host does with what functions return. */
  chunked?: boolean
}

const NO_BODY = new Set([204, 304])

/** What a function's return value becomes; undefined when the host could not send it (the answer is then an empty 500). */
export function toReply(value: RpcData | null | undefined): Reply | undefined {
  if (value === null || value === undefined) return { status: 204 }
  if (!value.http) return undefined
  const http = value.http as RpcHttpResponse
  const status = Number(http.statusCode ?? 200)
  const body = http.body?.bytes ?? new Uint8Array()
  const headers: string[] = []
  for (const [name, text] of Object.entries(http.headers ?? {})) {
    const lower = name.toLowerCase()
    if (lower === 'transfer-encoding') continue
    // A wrong length would desynchronise the connection.
    if (lower === 'content-length' && body.length > 0 && Number(text) !== body.length) return undefined
    headers.push(name, text)
  }
  for (const cookie of http.cookies ?? []) headers.push('Set-Cookie', formatCookie(cookie))
  return { status, headers, body, chunked: true }
}

export type SendOptions = {
  /** Added to every answer unless the function set the header itself. */
  customHeaders: readonly (readonly [name: string, value: string])[]
  head: boolean
  close: boolean
}

/** Writes the answer. A body that is empty, or not allowed by the status, is sent as the host sends it. */
export function send(response: ServerResponse, reply: Reply, { customHeaders, head, close }: SendOptions): void {
  const headers = [...(reply.headers ?? [])]
  for (const [name, value] of customHeaders) if (!has(headers, name)) headers.push(name, value)
  if (close) headers.push('Connection', 'close')
  const body = NO_BODY.has(reply.status) ? undefined : reply.body
  if (!head && !NO_BODY.has(reply.status) && !has(headers, 'content-length') && !(reply.chunked && body?.length)) {
    headers.push('Content-Length', String(body === undefined ? 0 : Buffer.byteLength(body)))
  }
  response.writeHead(reply.status, STATUS_CODES[reply.status] ?? '', headers)
  response.end(head ? undefined : body)
}

/** Whether a flat list holds a header. */
export function has(headers: readonly string[], name: string): boolean {
  const wanted = name.toLowerCase()
  for (let index = 0; index < headers.length; index += 2) {
    if ((headers[index] as string).toLowerCase() === wanted) return true
  }
  return false
}
