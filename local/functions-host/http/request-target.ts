import { decodePercent } from './percent.ts'

export type RequestTarget = {
  /** Decoded once, dot segments resolved; `%2F` stays encoded. What routes see. */
  path: string
  /** The path encoded again: what the function's URL shows. */
  encodedPath: string
  /** With its `?`, as sent; empty when there is none. */
  query: string
}

const SLASH = 0x2f
const MAX_REQUEST_LINE = 8192
const NOT_IN_PATH = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]|%(?![0-9a-fA-F]{2})/u
const NOT_IN_PATH_ALL = new RegExp(NOT_IN_PATH.source, 'gu')
const DOT_SEGMENT = /\/\.{1,2}(?:\/|$)/

/** Reads a request target as Kestrel does; a number is the status that refuses it. */
export function parseTarget(target: string, host: string | undefined): RequestTarget | number {
  if (target.length > MAX_REQUEST_LINE) return 414
  if (target === '*') return { path: '*', encodedPath: '*', query: '' }
  const origin = target.startsWith('/') ? target : originForm(target, host)
  if (origin === undefined || /[^\x21-\x7e]/.test(origin)) return 400
  const mark = origin.indexOf('?')
  const raw = mark === -1 ? origin : origin.slice(0, mark)
  if (raw.includes('%00')) return 400
  const path = withoutDotSegments(decodePercent(raw, SLASH))
  return { path, encodedPath: encodePath(path), query: mark === -1 ? '' : origin.slice(mark) }
}

/** `http://host/path` is taken only when it names the Host header's host. */
function originForm(target: string, host: string | undefined): string | undefined {
  const found = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target)
  if (!found || found[1]?.toLowerCase() !== host?.toLowerCase()) return undefined
  return found[2]?.startsWith('/') ? found[2] : `/${found[2]}`
}

function withoutDotSegments(path: string): string {
  if (!DOT_SEGMENT.test(path)) return path
  const kept: string[] = []
  const parts = path.split('/')
  for (const [index, part] of parts.entries()) {
    const dots = part === '.' || part === '..'
    if (part === '..' && kept.length > 1) kept.pop()
    if (!dots) kept.push(part)
    else if (index === parts.length - 1) kept.push('')
  }
  return kept.join('/')
}

function encodePath(path: string): string {
  if (!NOT_IN_PATH.test(path)) return path
  return path.replace(NOT_IN_PATH_ALL, (char) => (char === '%' ? '%25' : encodeURIComponent(char)))
}
