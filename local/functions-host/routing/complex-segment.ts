import type { RouteValues } from './match.ts'
import type { Segment } from './template.ts'

/**
 * Matches a segment of several parts (`{name}.{ext}`) from its right end, as ASP.NET does: literals are searched from the
 * right, so `a.b.txt` gives ext `txt` and name `a.b`; every parameter takes at least one character.
 */
export function matchComplexSegment(segment: Segment, text: string, values: RouteValues): boolean {
  const last = segment.at(-1)
  const whole = matchParts(segment, text)
  if (whole) return assign(values, whole)
  // `{name}.{ext?}` also fits without the extension, but not with a bare period at the end.
  if (last?.kind !== 'parameter' || !last.optional || text.endsWith('.')) return false
  const without = matchParts(segment.slice(0, -2), text)
  return without !== undefined && assign(values, without)
}

function matchParts(parts: Segment, text: string): RouteValues | undefined {
  const lower = text.toLowerCase()
  const values: RouteValues = {}
  let end = text.length
  let pending: string | undefined
  for (let index = parts.length - 1; index >= 0; index--) {
    const part = parts[index]
    if (part?.kind === 'parameter') {
      pending = part.name
      continue
    }
    const literal = part?.lower ?? ''
    // A parameter to the right keeps at least one character.
    const from = end - literal.length - (pending === undefined ? 0 : 1)
    const found = from < 0 ? -1 : lower.lastIndexOf(literal, from)
    if (found < 0) return undefined
    if (pending === undefined && found + literal.length !== end) return undefined
    if (pending !== undefined) values[pending] = text.slice(found + literal.length, end)
    pending = undefined
    end = found
  }
  if (pending === undefined) return end === 0 ? values : undefined
  if (end === 0) return undefined
  values[pending] = text.slice(0, end)
  return values
}

function assign(target: RouteValues, source: RouteValues): true {
  Object.assign(target, source)
  return true
}
