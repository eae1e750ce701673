import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

const MAX_HEADERS = 100

/** Kestrel's limits on the wire, as far as Node's own parser does not have them. */
export const WIRE_OPTIONS = {
  maxHeaderSize: 48 * 1024,
  keepAliveTimeout: 120_000,
  requestTimeout: 0,
  // Node's own answer would be chunked.
  requireHostHeader: false,
}

/** The status that refuses a request before anything looks at it; 500 comes from behind the server, the others from it. */
export function wireFault(request: IncomingMessage): 400 | 431 | 500 | undefined {
  if (request.rawHeaders.length / 2 > MAX_HEADERS) return 431
  const { host } = request.headers
  if (host) return undefined
  return host === undefined && request.httpVersion !== '1.0' ? 400 : 500
}

/** What cannot be parsed is answered and the connection closed; an answer that is under way is not disturbed. */
export function answerParseErrors(server: Server, busy: WeakMap<Duplex, ServerResponse>): void {
  server.maxHeadersCount = 0
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const underWay = busy.get(socket)
    if (underWay && !underWay.writableFinished) {
      underWay.on('finish', () => socket.end())
      return
    }
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy()
      return
    }
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'
    socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
  })
}
