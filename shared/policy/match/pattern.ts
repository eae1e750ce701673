import { globMatches, type Span } from './glob.ts'

export type Pattern = {
  /** Literal text and `*` of each segment, a last `**` left out. */
  segments: readonly string[]
  /** The separator after each segment but the last; compared like text, so `a:b` never matches `a/b`. */
  separators: string
  /** It ended in `**`: the rest, at least one character of it. */
  rest: boolean
}

/** Splits a pattern that passed its schema. `separators`: the characters at which segments end. */
export function compilePattern(text: string, separators = '/'): Pattern {
  const segments: string[] = []
  let found = ''
  let from = 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string
    if (!separators.includes(char)) continue
    segments.push(text.slice(from, at))
    found += char
    from = at + 1
  }
  const last = text.slice(from)
  const rest = last === '**'
  return { segments: rest ? segments : [...segments, last], separators: found, rest }
}

/** Matches segment by segment; `*` never crosses a separator. `separators` as for compilePattern. */
export function patternMatches(
  { segments, separators: between, rest }: Pattern,
  text: string,
  separators = '/',
): boolean {
  let from = 0
  for (let at = 0; at < segments.length; at++) {
    const segment = segments[at] as string
    const end = segmentEnd(text, from, separators)
    if (!segmentMatches(segment, { text, from, end })) return false
    if (at === segments.length - 1 && !rest) return end === text.length
    if (text[end] !== between[at]) return false
    from = end + 1
  }
  return from < text.length
}

function segmentMatches(segment: string, span: Span): boolean {
  if (segment.includes('*')) return globMatches(segment, span)
  return segment.length === span.end - span.from && span.text.startsWith(segment, span.from)
}

/** The text up to and with the separator before the first segment that holds a star: what an index may key on. */
export function literalPrefix({ segments, separators }: Pattern, maxSegments: number): string {
  const literal = segments.slice(0, Math.min(maxSegments, separators.length))
  const firstStar = literal.findIndex((segment) => segment.includes('*'))
  const kept = firstStar < 0 ? literal : literal.slice(0, firstStar)
  return kept.map((segment, at) => segment + separators[at]).join('')
}

export const isLiteral = ({ segments, rest }: Pattern) => !rest && !segments.some((segment) => segment.includes('*'))

function segmentEnd(text: string, from: number, separators: string): number {
  let end = text.length
  for (const separator of separators) {
    const at = text.indexOf(separator, from)
    if (at >= 0 && at < end) end = at
  }
  return end
}
