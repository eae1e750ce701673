import { createGrowingCache } from '../../growing-cache.ts'
import { globMatches } from '../match/glob.ts'
import { compilePattern, type Pattern } from '../match/pattern.ts'
import { canonicalResource } from '../match/resource.ts'

/**
 * Whether `outer` surely matches every text that `inner` matches; false also where that cannot be told. A star of `inner`
 * stands in its text as itself, so only a star of `outer` can take it.
 */
export function patternCovers(outer: Pattern, inner: Pattern): boolean {
  const fixed = outer.segments.length
  if (outer.rest) {
    if (inner.segments.length < fixed || !(inner.rest || leavesSomething(inner, fixed))) return false
  } else if (inner.rest || inner.segments.length !== fixed) return false
  const between = outer.rest ? fixed : fixed - 1
  if (outer.separators.slice(0, between) !== inner.separators.slice(0, between)) return false
  return outer.segments.every((segment, at) => segmentCovers(segment, inner.segments[at] ?? ''))
}

/** Whether a text may match both; true also where that cannot be told. */
export function patternsMeet(a: Pattern, b: Pattern): boolean {
  const common = Math.min(a.segments.length, b.segments.length)
  if (!canBeAsLong(a, b) || !canBeAsLong(b, a)) return false
  const between = Math.min(a.separators.length, b.separators.length, common)
  if (a.separators.slice(0, between) !== b.separators.slice(0, between)) return false
  return a.segments.slice(0, common).every((segment, at) => segmentsMeet(segment, b.segments[at] ?? ''))
}

/** The same for patterns of resources; a template stands for anything in its place unless both are the same text. */
export function resourceCovers(outer: string, inner: string): boolean {
  if (outer === inner || canonicalResource(outer) === canonicalResource(inner)) return true
  return !hasTemplate(outer) && patternCovers(compileResourceText(outer), compileResourceText(inner))
}

export const resourcesMeet = (a: string, b: string): boolean =>
  patternsMeet(compileResourceText(a), compileResourceText(b))

export const hasTemplate = (resource: string): boolean => resource.includes('${')

/** One resource is compared with many. */
const compiled = createGrowingCache<Pattern>({ count: 20_000 })

function compileResourceText(text: string): Pattern {
  const pattern = compiled.get(text) ?? compilePattern(canonicalResource(text.replace(/\$\{[^}]*\}/g, '*')))
  compiled.set(text, pattern)
  return pattern
}

/** Behind the first segments there is at least one character, whatever its stars stand for. */
function leavesSomething({ segments }: Pattern, fixed: number): boolean {
  const left = segments.slice(fixed)
  return left.length > 1 || (left[0] ?? '').replaceAll('*', '') !== ''
}

const canBeAsLong = (shorter: Pattern, longer: Pattern) =>
  longer.segments.length + (longer.rest ? 1 : 0) <= shorter.segments.length || shorter.rest

const segmentCovers = (outer: string, inner: string) =>
  outer.includes('*') ? globMatches(outer, { text: inner, from: 0, end: inner.length }) : outer === inner

function segmentsMeet(a: string, b: string): boolean {
  if (!a.includes('*')) return segmentCovers(b, a)
  if (!b.includes('*')) return segmentCovers(a, b)
  return agree(headOf(a), headOf(b)) && agree(reversed(tailOf(a)), reversed(tailOf(b)))
}

const headOf = (glob: string) => glob.slice(0, glob.indexOf('*'))
const tailOf = (glob: string) => glob.slice(glob.lastIndexOf('*') + 1)
const reversed = (text: string) => [...text].reverse().join('')
const agree = (a: string, b: string) => a.startsWith(b) || b.startsWith(a)
