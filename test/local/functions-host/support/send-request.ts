import { Agent, request } from 'node:http'
import { connect } from 'node:net'

export type SentRequest =
  | { raw: string }
  | {
      method: string
      path: string
      headers?: Record<string, string>
      body?: string | { type: 'Buffer'; data: number[] }
      chunked?: boolean
    }

export type Received = {
  status: number | null
  headers: Record<string, string | string[]>
  body: string
}

const agent = new Agent({ keepAlive: true })

/** Sends a recorded request to a port of this machine; a connection that breaks gives status null. */
export async function sendRequest(sent: SentRequest, port: number): Promise<Received> {
  try {
    return 'raw' in sent ? await sendRaw(sent.raw, port) : await sendHttp(sent, port)
  } catch (error) {
    return { status: null, headers: {}, body: (error as NodeJS.ErrnoException).code ?? String(error) }
  }
}

function sendHttp(sent: Exclude<SentRequest, { raw: string }>, port: number): Promise<Received> {
  const { method, path, headers = {}, body, chunked } = sent
  const bytes = typeof body === 'string' ? Buffer.from(body) : body && Buffer.from(body.data)
  const length = bytes && !chunked ? { 'content-length': String(bytes.length) } : {}
  return new Promise((resolve, reject) => {
    const sending = request({ agent, host: '127.0.0.1', port, method, path, headers: { ...headers, ...length } })
    sending.on('error', reject)
    sending.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? null,
          headers: collect(response.rawHeaders),
          body: Buffer.concat(chunks).toString(),
        }),
      )
    })
    sending.end(bytes)
  })
}

function sendRaw(raw: string, port: number): Promise<Received> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(parseRaw(Buffer.concat(chunks).toString())))
    socket.write(Buffer.from(raw.replace('HOST', `127.0.0.1:${port}`), 'latin1'))
  })
}

function parseRaw(text: string): Received {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const body = rest.join('\r\n\r\n')
  // 100 Continue comes before the answer proper.
  if (/^HTTP\/1.1 1\d\d/.test(head)) return parseRaw(body)
  const [first = '', ...lines] = head.split('\r\n')
  const pairs = lines.flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()])
  return { status: Number(first.split(' ')[1]) || null, headers: collect(pairs), body }
}

function collect(rawHeaders: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = String(rawHeaders[index]).toLowerCase()
    const value = String(rawHeaders[index + 1])
    const known = headers[name]
    headers[name] = known === undefined ? value : [known, value].flat()
  }
  return headers
}
