import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { answerParseErrors, WIRE_OPTIONS } from './wire.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

export type Listener = {
  port: number
  /** Requests that came before this wait for it. */
  serve(handler: Handler): void
  stopping(): boolean
  /** Refuses new connections at once; resolves when the requests in flight have ended, or after `drainMs` with a reset. */
  stop(drainMs: number): Promise<void>
}

/** Listens on one address. Rejects with the system's error, such as EADDRINUSE, when it cannot. */
export async function listen(port: number, host: string): Promise<Listener> {
  const busy = new WeakMap<Duplex, ServerResponse>()
  const handler = Promise.withResolvers<Handler>()
  let current: Handler | undefined
  let inFlight = 0
  let stopping = false
  let drained = () => {}

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    inFlight++
    busy.set(request.socket, response)
    response.on('close', () => {
      inFlight--
      busy.delete(request.socket)
      if (stopping && inFlight === 0) drained()
    })
    const running = current ? current(request, response) : handler.promise.then((late) => late(request, response))
    running.catch(() => response.destroy())
  }

  const server = createServer(WIRE_OPTIONS, answer)
  // Kestrel asks for the body only when somebody reads it; nothing here answers without being ready to.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    response.writeContinue()
    answer(request, response)
  })
  answerParseErrors(server, busy)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })

  return {
    port: (server.address() as AddressInfo).port,
    serve(next) {
      current = next
      handler.resolve(next)
    },
    stopping: () => stopping,
    async stop(drainMs) {
      stopping = true
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      if (inFlight > 0) {
        const timer = setTimeout(() => drained(), drainMs)
        await new Promise<void>((resolve) => {
          drained = resolve
        })
        clearTimeout(timer)
      }
      server.closeAllConnections()
      await closed
    },
  }
}
