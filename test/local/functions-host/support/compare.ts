import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import type { RecordedCase } from './recorded.ts'
import type { Received } from './send-request.ts'

/** Written by the wire layer itself, different from server to server. */
/** Bodies of this length were cut when they were recorded. */
const CUT_AT = 400

/** Bodies with paths, versions and times of the machine. */
const MASKED = /^(?:status master|fn one|fn one timer)$/

const UNIMPORTANT = new Set(['date', 'server', 'keep-alive'])

/** What differs between the recorded answer and ours: nothing when they agree. */
export function differences(recorded: RecordedCase, ours: Received, port: number): string[] {
  const found: string[] = []
  if (recorded.status !== ours.status) found.push(`status ${recorded.status} -> ${ours.status}`)
  const theirHeaders = headersOf(recorded.headers)
  const ourHeaders = headersOf(ours.headers)
  for (const name of new Set([...Object.keys(theirHeaders), ...Object.keys(ourHeaders)])) {
    const [theirs, mine] = [theirHeaders[name], ourHeaders[name]]
    // The length of a masked or cut body says nothing.
    if (name === 'content-length' && MASKED.test(recorded.name) && theirs && mine) continue
    if (!isDeepStrictEqual(theirs, mine)) found.push(`${name}: ${show(theirs)} -> ${show(mine)}`)
  }
  const theirBody = normalise(bodyOf(recorded), recorded, 'PORT')
  const ourBody = normalise(bodyOf({ ...ours, request: recorded.request }), recorded, String(port))
  const cut = recorded.body.length >= CUT_AT
  if (!sameBody(theirBody, ourBody, cut)) found.push(`body ${show(theirBody)} -> ${show(ourBody.slice(0, 2000))}`)
  return found
}

type Headers = Record<string, string | string[]>

function headersOf(headers: Headers): Headers {
  const kept: Headers = {}
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase()
    if (UNIMPORTANT.has(lower) || (lower === 'connection' && value !== 'close')) continue
    kept[lower] = value
  }
  return kept
}

function bodyOf({ headers, body, request }: Pick<RecordedCase, 'headers' | 'body' | 'request'>): string {
  const chunked = Object.entries(headers).some(
    ([name, value]) => /^transfer-encoding$/i.test(name) && value === 'chunked',
  )
  return 'raw' in request && chunked ? dechunk(body) : body
}

function dechunk(text: string): string {
  const bytes = Buffer.from(text)
  const parts: Buffer[] = []
  let at = 0
  while (at < bytes.length) {
    const end = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.subarray(at, end).toString(), 16)
    if (!(size > 0)) break
    parts.push(bytes.subarray(end + 2, end + 2 + size))
    at = end + 4 + size
  }
  return Buffer.concat(parts).toString()
}

export const APP_ROOT = fileURLToPath(new URL('../host-probe', import.meta.url))
const RECORDED_ADDRESS = /127\.0\.0\.1:707[12]/g

function normalise(body: string, { name, request }: RecordedCase, port: string): string {
  const path = 'raw' in request ? '' : request.path
  const plain = body
    .replace(RECORDED_ADDRESS, 'HOST')
    .replaceAll(`127.0.0.1:${port}`, 'HOST')
    .replace(/"inv":"[0-9a-f-]{36}"/, '"inv":"ID"')
  if (path.startsWith('/admin/functions/'))
    return plain.replaceAll(APP_ROOT, '/app').replace(/("scriptFile":"\w+)\.ts/, '$1.js')
  if (path === '/api/pid') return plain.replace(/^\d+$/, 'PID')
  if (name === 'timer ticks seen') return plain.replace(/^(\[\{.*?"isPastDue":false\}).*$/, '$1')
  return name === 'status master' ? maskFields(plain, ['id', 'version', 'versionDetails', 'processUptime']) : plain
}

function maskFields(body: string, fields: readonly string[]): string {
  const value = JSON.parse(body) as Record<string, unknown>
  for (const field of fields) value[field] = typeof value[field]
  return JSON.stringify(value)
}

function sameBody(recorded: string, ours: string, cut: boolean): boolean {
  if (recorded === ours) return true
  try {
    return isDeepStrictEqual(JSON.parse(recorded), JSON.parse(ours))
  } catch {
    return cut && ours.startsWith(recorded)
  }
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'none'
}
