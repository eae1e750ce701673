import {
  createServer as createHttp,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttps } from 'node:https'

/** One request, its body read whole. */
export type ServerRequest = {
  method: string
  /** The absolute URL as the client sees it (from the Host header). */
  url: URL
  headers: IncomingHttpHeaders
  body: string
  /** The client's, as the socket has it. */
  address: string
}

export type ServerAnswer =
  | { status: number; headers?: Record<string, string>; json?: unknown; text?: string }
  /** Accept the request and never answer, or drop the connection. */
  | 'hang'
  | 'reset'

export type Handler = (request: ServerRequest) => Promise<ServerAnswer> | ServerAnswer

export type RunningServer = { port: number; close(): Promise<void> }

export type ServeOptions = { port: number; handle: Handler; tls?: { cert: string; key: string } }

const MAX_BODY_BYTES = 1_048_576

/** Serves on 127.0.0.1; when the port is taken, on a free one. Port 0 asks for a free one. */
export async function serve({ port, handle, tls }: ServeOptions): Promise<RunningServer> {
  const scheme = tls ? 'https' : 'http'
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    answer({ request, response, handle, scheme }).catch(() => response.destroy())
  }
  const server: Server = tls ? createHttps(tls, listener) : createHttp(listener)
  // SDK clients keep connections open between tests; a short time-out here would race with their next request.
  server.keepAliveTimeout = 60_000
  await listen(server, port)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function listen(server: Server, port: number): Promise<void> {
  try {
    await listenOn(server, port)
  } catch (error) {
    if (port === 0 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    await listenOn(server, 0)
  }
}

function listenOn(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}

type Exchange = { request: IncomingMessage; response: ServerResponse; handle: Handler; scheme: string }

async function answer({ request, response, handle, scheme }: Exchange): Promise<void> {
  const body = await readBody(request)
  const url = parseUrl(scheme, request)
  if (body === undefined || !url) {
    response.writeHead(body === undefined ? 413 : 400, { connection: 'close' }).end()
    return
  }
  const { method = 'GET', headers, socket } = request
  const result = await handle({ method, url, headers, body, address: socket.remoteAddress ?? '' })
  if (result === 'hang') return
  if (result === 'reset') {
    request.socket.destroy()
    return
  }
  const text = result.json === undefined ? (result.text ?? '') : JSON.stringify(result.json)
  response.writeHead(result.status, {
    ...(result.json !== undefined && { 'content-type': 'application/json; charset=utf-8' }),
    'content-length': String(Buffer.byteLength(text)),
    ...result.headers,
  })
  response.end(text)
}

function parseUrl(scheme: string, request: IncomingMessage): URL | undefined {
  const host = request.headers.host ?? '127.0.0.1'
  return URL.parse(`${scheme}://${host}${request.url ?? '/'}`) ?? undefined
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
