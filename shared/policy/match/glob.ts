/** A part of a text, so that a long one need not be cut up. */
export type Span = { text: string; from: number; end: number }

/**
 * Matches a segment against a pattern whose only metacharacter is `*` (any run of characters, none included), with two
 * pointers: on a mismatch only the last star moves on, so the work is at most pattern × text and there is no RegExp (T32).
 * `onStep` is called once a comparison, for tests that count.
 */
export function globMatches(pattern: string, { text, from, end }: Span, onStep?: () => void): boolean {
  let p = 0
  let t = from
  let star = -1
  let resume = from
  while (t < end) {
    onStep?.()
    if (pattern[p] === '*') {
      star = p++
      resume = t
    } else if (p < pattern.length && pattern[p] === text[t]) {
      p++
      t++
    } else if (star >= 0) {
      p = star + 1
      t = ++resume
    } else {
      return false
    }
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}
