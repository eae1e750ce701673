import { matchComplexSegment } from './complex-segment.ts'
import type { Parameter } from './parameter.ts'
import type { Segment, Template } from './template.ts'

export type RouteValues = Record<string, string>

/** A decoded path split once for all routes: `/a/b/` is `a`, `b`; `offsets` are where the segments start in `path`. */
export type SplitPath = {
  path: string
  segments: readonly string[]
  lower: readonly string[]
  offsets: readonly number[]
}

export function splitPath(path: string): SplitPath {
  const segments: string[] = []
  const offsets: number[] = []
  // A slash at the very end closes the last segment instead of opening another.
  const end = path.length > 1 && path.endsWith('/') ? path.length - 1 : path.length
  let at = 1
  while (at <= end && path.length > 1) {
    const slash = path.indexOf('/', at)
    const stop = slash === -1 || slash > end ? end : slash
    segments.push(path.slice(at, stop))
    offsets.push(at)
    at = stop + 1
  }
  return { path, segments, lower: segments.map((segment) => segment.toLowerCase()), offsets }
}

/** The route's values when the path fits (ASP.NET RoutePatternMatcher), constraints included. */
export function matchTemplate(template: Template, path: SplitPath): RouteValues | undefined {
  if (!fits(template.segments, path)) return undefined
  const values: RouteValues = {}
  for (const [index, segment] of template.segments.entries()) {
    if (!capture(segment, index, path, values)) return undefined
  }
  return satisfies(template.segments, values) ? values : undefined
}

function fits(segments: readonly Segment[], { segments: parts, lower }: SplitPath): boolean {
  for (let index = 0; index < parts.length; index++) {
    const segment = segments[index]
    if (parts[index] === '' || !segment) return false
    const first = segment[0]
    if (segment.length > 1) continue
    if (first?.kind === 'literal' && first.lower !== lower[index]) return false
    if (first?.kind === 'parameter' && first.catchAll) return true
  }
  return segments.slice(parts.length).every((segment) => {
    const [part] = segment
    return segment.length === 1 && part?.kind === 'parameter' && mayBeAbsent(part)
  })
}

function mayBeAbsent(part: Parameter): boolean {
  return part.catchAll || part.optional || part.fallback !== undefined
}

function capture(segment: Segment, index: number, path: SplitPath, values: RouteValues): boolean {
  const text = path.segments[index]
  const [part] = segment
  if (segment.length > 1) return text !== undefined && matchComplexSegment(segment, text, values)
  if (part?.kind !== 'parameter') return true
  const value = part.catchAll && text !== undefined ? path.path.slice(path.offsets[index]) : text
  const kept = value || part.fallback
  if (kept !== undefined) values[part.name] = kept
  return true
}

function satisfies(segments: readonly Segment[], values: RouteValues): boolean {
  for (const segment of segments) {
    for (const part of segment) {
      if (part.kind !== 'parameter' || part.constraints.length === 0) continue
      const value = values[part.name]
      if (value === undefined ? !part.optional : !part.constraints.every((holds) => holds(value))) return false
    }
  }
  return true
}
