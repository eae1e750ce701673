import { globMatches } from './glob.ts'

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
export function patternMatches(pattern: Pattern, text: string, separators = '/', onStep?: () => void): boolean {
  let from = 0
  for (const [at, segment] of pattern.segments.entries()) {
    const end = segmentEnd(text, from, separators)
    if (!globMatches(segment, text.slice(from, end), onStep)) return false
    if (at === pattern.segments.length - 1 && !pattern.rest) return end === text.length
    if (text[end] !== pattern.separators[at]) return false
    from = end + 1
  }
  return from < text.length
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
  for (let at = from; at < text.length; at++) if (separators.includes(text[at] as string)) return at
  return text.length
}
