/** Why a text was refused; `position` counts UTF-16 units from the start. Never holds what the caller sent. */
export class JsonFault extends Error {
  readonly reason: 'syntax' | 'depth' | 'duplicate_key' | 'forbidden_key'
  readonly position: number

  constructor(reason: JsonFault['reason'], position: number) {
    super(`json: ${reason} at ${position}`)
    this.name = 'JsonFault'
    this.reason = reason
    this.position = position
  }
}

/** Sources of prototype pollution as soon as somebody spreads or assigns (T30). */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * JSON.parse that refuses what it would silently accept: duplicate keys (the last one would win), nesting deeper than
 * `maxDepth` (32; zod recurses and overflows), and keys that pollute prototypes. Throws JsonFault.
 */
export function parseStrictJson(text: string, { maxDepth = 32 }: { maxDepth?: number } = {}): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new JsonFault('syntax', 0)
  }
  inspectValidJson(text, maxDepth)
  return value
}

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * Walks text that JSON.parse has accepted, so that only braces, strings and the place of keys matter. By code units and from
 * quote to quote: every new token passes here.
 */
function inspectValidJson(text: string, maxDepth: number): void {
  const open: (Set<string> | undefined)[] = []
  let expectsKey = false
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === QUOTE) {
      const end = closingQuote(text, at)
      if (expectsKey) noteKey(open.at(-1), text.slice(at + 1, end), at)
      expectsKey = false
      at = end
    } else if (unit === COMMA) {
      expectsKey = open.at(-1) !== undefined
    } else if (unit === OPEN_OBJECT || unit === OPEN_LIST) {
      if (open.length === maxDepth) throw new JsonFault('depth', at)
      expectsKey = unit === OPEN_OBJECT
      open.push(expectsKey ? new Set() : undefined)
    } else if (unit === CLOSE_OBJECT || unit === CLOSE_LIST) {
      open.pop()
      expectsKey = false
    }
  }
}

/** `literal` without its quotes. */
function noteKey(keys: Set<string> | undefined, literal: string, at: number): void {
  const key = literal.includes('\\') ? (JSON.parse(`"${literal}"`) as string) : literal
  if (FORBIDDEN_KEYS.has(key)) throw new JsonFault('forbidden_key', at)
  if (keys?.has(key)) throw new JsonFault('duplicate_key', at)
  keys?.add(key)
}

/** The first quote with an even number of backslashes before it. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); ; at = text.indexOf('"', at + 1)) {
    let escapes = at - 1
    while (text.charCodeAt(escapes) === BACKSLASH) escapes--
    if ((at - escapes) % 2 === 1) return at
  }
}
