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

/** Walks text that JSON.parse has accepted, so that only braces, strings and the place of keys matter. */
function inspectValidJson(text: string, maxDepth: number): void {
  const open: (Set<string> | undefined)[] = []
  let expectsKey = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '{' || char === '[') {
      if (open.length === maxDepth) throw new JsonFault('depth', at)
      open.push(char === '{' ? new Set() : undefined)
      expectsKey = char === '{'
    } else if (char === '}' || char === ']') {
      open.pop()
      expectsKey = false
    } else if (char === ',') {
      expectsKey = open.at(-1) !== undefined
    } else if (char === '"') {
      const end = closingQuote(text, at)
      if (expectsKey) noteKey(open.at(-1), text.slice(at, end + 1), at)
      expectsKey = false
      at = end
    }
  }
}

function noteKey(keys: Set<string> | undefined, literal: string, at: number): void {
  const key = JSON.parse(literal) as string
  if (FORBIDDEN_KEYS.has(key)) throw new JsonFault('forbidden_key', at)
  if (keys?.has(key)) throw new JsonFault('duplicate_key', at)
  keys?.add(key)
}

function closingQuote(text: string, from: number): number {
  let at = from + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}
