import { globMatches } from './glob.ts'
import { canonicalResource } from './resource.ts'

/** More patterns than this say nothing to a reader, and finding them would cost the gateway dearly. */
const MAX_PATTERNS = 64
/** Stars of both segments, multiplied: the ways in which they can lie in each other grow with it. */
const MAX_STAR_PAIRS = 16

/**
 * Patterns that together match what both resource patterns (without templates) match; empty when nothing is. Undefined when
 * two patterns overlap in so many ways that nobody would read them.
 */
export function intersectPatterns(one: string, other: string): string[] | undefined {
  const [a, b] = [canonicalResource(one).split('/'), canonicalResource(other).split('/')]
  const [open, longer] = endsOpen(a) && (!endsOpen(b) || a.length <= b.length) ? [a, b] : [b, a]
  if (!endsOpen(open))
    return a.length === b.length ? joined(a.map((part, at) => intersectSegments(part, b[at] ?? ''))) : []
  const fixed = open.length - 1
  if (longer.length <= fixed) return []
  const head = longer.slice(0, fixed).map((part, at) => intersectSegments(part, open[at] ?? ''))
  return joined([...head, ...longer.slice(fixed).map((part) => [part])])
}

const endsOpen = (segments: readonly string[]) => segments.at(-1) === '**'

/** Whether every resource that `inner` matches is matched by `outer` too. */
export function patternContains(outer: string, inner: string): boolean {
  const [a, b] = [canonicalResource(outer).split('/'), canonicalResource(inner).split('/')]
  const fixed = endsOpen(a) ? a.slice(0, -1) : a
  if (endsOpen(a) ? b.length <= fixed.length : b.length !== fixed.length) return false
  return fixed.every((part, at) => b[at] !== '**' && segmentContains(part, b[at] ?? ''))
}

/** INVARIANT: no segment of a resource holds a star, so a star of `inner` can only be met by one of `outer`: matching the text is containing the language. */
const segmentContains = (outer: string, inner: string) =>
  globMatches(outer, { text: inner, from: 0, end: inner.length })

function joined(segments: (string[] | undefined)[]): string[] | undefined {
  let paths: string[][] = [[]]
  for (const choices of segments) {
    if (choices === undefined) return undefined
    paths = paths.flatMap((path) => choices.map((choice) => [...path, choice]))
    if (paths.length > MAX_PATTERNS) return undefined
  }
  return paths.map((path) => path.join('/'))
}

function intersectSegments(a: string, b: string): string[] | undefined {
  if (segmentContains(a, b)) return [b]
  if (segmentContains(b, a)) return [a]
  if (!a.includes('*') || !b.includes('*')) return []
  if (starsOf(a) * starsOf(b) > MAX_STAR_PAIRS) return undefined
  const found = overlaps(a, b)
  return found && withoutContained([...found])
}

const starsOf = (glob: string) => glob.split('*').length - 1

/**
 * The globs that two globs have in common, by what their first characters can be: a star stands for nothing, or for one
 * character more. From the back, so that each pair of tails is worked out once.
 */
function overlaps(a: string, b: string): Set<string> | undefined {
  let below: Set<string>[] = []
  for (let i = a.length; i >= 0; i--) {
    const row: Set<string>[] = []
    for (let j = b.length; j >= 0; j--) {
      const found = new Set<string>()
      const add = (head: string, tails: Set<string> | undefined) => {
        for (const tail of tails ?? []) found.add(head === '*' && tail.startsWith('*') ? tail : head + tail)
      }
      const [x, y] = [a[i], b[j]]
      if (x === undefined && y === undefined) found.add('')
      else if (x === '*' && y === '*') {
        add('*', below[j])
        add('*', row[j + 1])
      } else if (x === '*') {
        add('', below[j])
        if (y !== undefined) add(y, row[j + 1])
      } else if (y === '*') {
        add('', row[j + 1])
        if (x !== undefined) add(x, below[j])
      } else if (x === y) add(x ?? '', below[j + 1])
      if (found.size > MAX_PATTERNS) return undefined
      row[j] = found
    }
    below = row
  }
  return below[0]
}

function withoutContained(globs: readonly string[]): string[] {
  const kept = globs.filter((glob) => !globs.some((wider) => wider !== glob && segmentContains(wider, glob)))
  return kept.sort()
}
