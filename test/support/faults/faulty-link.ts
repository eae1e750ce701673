import { readFileSync } from 'node:fs'
import {
  createServer as createHttp,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as requestHttp,
  type Server,
  type ServerResponse,
} from 'node:http'
import { Agent, createServer as createHttps, request as requestHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Certificates, ensureCertificates } from '../../../local/servers/certificates.ts'

/** What may be wrong with a dependency, as its client sees it. `frozen` comes to life again and answers late, `lost` never answers. */
export type Fault =
  | 'refused'
  | 'frozen'
  | 'lost'
  | 'throttled 429'
  | 'throttled 503'
  | 'reset'
  | 'garbage'
  | 'redirect'
  | 'wrong TLS'

export type FaultyLink = {
  /** `host:port`. */
  address: string
  url: string
  /** Begins a fault, or ends the one there is. */
  set(fault: Fault | undefined): Promise<void>
  /** Requests that followed a redirect. */
  trapped(): number
  close(): Promise<void>
}

export type LinkOptions = {
  /** Origin of the real server. */
  upstream: string
  /** State folder of the run, for its certificates; without it the link speaks plain http. */
  stateDir?: string
  /** How far the server's clock is ahead, in milliseconds: shown in the `Date` of its answers. */
  ahead?: () => number
}

export const RETRY_AFTER_SECONDS = 7
/** On the same origin: who is careful about hosts alone walks into it. */
const TRAP = '/trap'
const GARBAGE = '<html><title>not what you asked for</title>'

type Heard = { method: string; path: string; headers: IncomingHttpHeaders; body: Buffer }
type Answer = { status: number; headers: IncomingHttpHeaders; body: Buffer }

/** A server between the gateway and a dependency: hands everything on until it is told to be what is wrong with it. */
export async function createFaultyLink({ upstream, stateDir, ahead = () => 0 }: LinkOptions): Promise<FaultyLink> {
  const tls = stateDir === undefined ? undefined : await readTls(stateDir)
  const ask = createAsk(upstream, tls?.ca)
  let fault: Fault | undefined
  let held: (() => void)[] = []
  let trapped = 0

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const heard = await hear(request)
    if (heard.path.startsWith(TRAP)) trapped++
    const handOn = async () => send(response, dated(await ask(heard), ahead()))
    if (fault === undefined) return handOn()
    if (fault === 'frozen') return void held.push(() => void handOn().catch(() => response.destroy()))
    if (fault === 'lost') return
    if (fault === 'reset') return breakOff(response, await ask(heard))
    send(response, wrongAnswer(fault))
  }

  const listener = (request: IncomingMessage, response: ServerResponse) =>
    void serve(request, response).catch(() => response.destroy())
  const server = tls ? createHttps(tls, listener) : createHttp(listener)
  const port = await listen(server, 0)
  const address = `127.0.0.1:${port}`

  function present({ cert, key }: Pick<Tls, 'cert' | 'key'>): void {
    if (!('setSecureContext' in server)) return
    server.setSecureContext({ cert, key })
    server.closeAllConnections()
  }

  return {
    address,
    url: `${tls ? 'https' : 'http'}://${address}`,
    async set(next) {
      const before = fault
      // First of all: no request may slip through between two faults.
      fault = next
      if (before === 'refused' && next !== 'refused') await listen(server, port)
      if (tls && before === 'wrong TLS') present(tls)
      if (tls && next === 'wrong TLS') present(tls.foreign)
      if (next === 'refused') await close(server)
      if (next !== undefined) return
      for (const handOn of held) handOn()
      held = []
    },
    trapped: () => trapped,
    close: async () => {
      if (fault !== 'refused') await close(server)
    },
  }
}

const dated = (answer: Answer, ahead: number): Answer => {
  const date = Date.parse(answer.headers.date ?? '')
  return ahead === 0
    ? answer
    : { ...answer, headers: { ...answer.headers, date: new Date(date + ahead).toUTCString() } }
}

function wrongAnswer(fault: Fault): Answer {
  const wait = { 'retry-after': String(RETRY_AFTER_SECONDS) }
  const empty = Buffer.alloc(0)
  switch (fault) {
    case 'throttled 429':
      return { status: 429, headers: wait, body: empty }
    case 'throttled 503':
      return { status: 503, headers: wait, body: empty }
    case 'redirect':
      return { status: 307, headers: { location: TRAP }, body: empty }
    default:
      return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(GARBAGE) }
  }
}

async function hear(request: IncomingMessage): Promise<Heard> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return {
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    headers: request.headers,
    body: Buffer.concat(chunks),
  }
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': body.length })
  response.end(body)
}

/** What was asked for has happened; half of the answer comes, if it has a body, and then the connection ends. */
function breakOff(response: ServerResponse, { status, headers, body }: Answer): void {
  if (body.length === 0) return void response.destroy()
  response.writeHead(status, { ...headers, 'content-length': body.length + 1 })
  response.flushHeaders()
  response.write(body.subarray(0, Math.ceil(body.length / 2)), () => response.destroy())
}

function createAsk(upstream: string, ca: string | undefined) {
  const { hostname, port, protocol } = new URL(upstream)
  const agent = ca === undefined ? undefined : new Agent({ keepAlive: true, ca })
  return ({ method, path, headers, body }: Heard): Promise<Answer> => {
    const { connection: _, 'transfer-encoding': __, ...kept } = headers
    const servername = String(headers.host ?? '').replace(/:\d+$/, '')
    const options = { host: hostname, port, method, path, headers: { ...kept, 'content-length': body.length } }
    return new Promise((resolve, reject) => {
      const sent = protocol === 'https:' ? requestHttps({ ...options, agent, servername }) : requestHttp(options)
      sent.on('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject)
        response.on('end', () => {
          const { connection: _, 'transfer-encoding': __, 'keep-alive': ___, ...rest } = response.headers
          resolve({ status: response.statusCode ?? 500, headers: rest, body: Buffer.concat(chunks) })
        })
      })
      sent.on('error', reject)
      sent.end(body)
    })
  }
}

type Tls = { ca: string; cert: string; key: string; foreign: { cert: string; key: string } }

let foreign: Promise<Certificates> | undefined

/** The run's certificate, and one for the same names that another authority signed. */
async function readTls(stateDir: string): Promise<Tls> {
  foreign ??= ensureCertificates(join(stateDir, 'foreign'), Date.now)
  const read = ({ ca, cert, key }: Certificates) => ({
    ca: readFileSync(ca, 'utf8'),
    cert: readFileSync(cert, 'utf8'),
    key: readFileSync(key, 'utf8'),
  })
  return { ...read(await ensureCertificates(stateDir, Date.now)), foreign: read(await foreign) }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
