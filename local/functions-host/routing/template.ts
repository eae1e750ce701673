import { type Parameter, parseParameter } from './parameter.ts'
import { TemplateError } from './template-error.ts'

export type Literal = { kind: 'literal'; text: string; lower: string }
export type Part = Literal | Parameter
/** One part in the usual case; more (`{name}.{ext}`) is a complex segment. */
export type Segment = readonly Part[]
export type Template = { text: string; segments: readonly Segment[] }

/** Parses a classic ASP.NET route template (RoutePatternParser). Throws TemplateError. */
export function parseTemplate(text: string): Template {
  if (text.startsWith('~')) throw new TemplateError('a route template cannot start with ~')
  const segments: Segment[] = []
  let at = 0
  while (at < text.length) {
    if (text[at] === '/') throw new TemplateError('the separator / cannot appear at the start or twice in a row')
    const parsed = parseSegment(text, at)
    segments.push(parsed.parts)
    at = parsed.end + 1
  }
  checkTemplate(segments)
  return { text, segments }
}

function parseSegment(text: string, start: number): { parts: Part[]; end: number } {
  const parts: Part[] = []
  let at = start
  while (at < text.length && text[at] !== '/') {
    if (text[at] === '{' && text[at + 1] !== '{') {
      const end = parameterEnd(text, at + 1)
      parts.push(
        parseParameter(
          text
            .slice(at + 1, end)
            .replaceAll('{{', '{')
            .replaceAll('}}', '}'),
        ),
      )
      at = end + 1
    } else {
      const literal = parseLiteral(text, at)
      parts.push({ kind: 'literal', text: literal.text, lower: literal.text.toLowerCase() })
      at = literal.end
    }
  }
  return { parts, end: at }
}

function parameterEnd(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    const char = text[at]
    if (char !== '{' && char !== '}') continue
    if (text[at + 1] === char) at++
    else if (char === '}') return at
    else break
  }
  throw new TemplateError('a { in the route template has no matching }')
}

function parseLiteral(text: string, start: number): { text: string; end: number } {
  let literal = ''
  let at = start
  while (at < text.length && text[at] !== '/') {
    const char = text[at]
    if (char === '{' && text[at + 1] !== '{') break
    if (char === '}' && text[at + 1] !== '}') throw new TemplateError('a } in the route template has no matching {')
    if (char === '?') throw new TemplateError('a literal part of a route template cannot contain ?')
    literal += char
    at += char === '{' || char === '}' ? 2 : 1
  }
  return { text: literal, end: at }
}

function checkTemplate(segments: readonly Segment[]): void {
  const names = new Set<string>()
  for (const [index, segment] of segments.entries()) {
    if (segment.length > 1) checkComplex(segment)
    for (const part of segment) {
      if (part.kind === 'literal') continue
      const name = part.name.toLowerCase()
      if (names.has(name)) throw new TemplateError(`the route parameter '${part.name}' appears twice`)
      names.add(name)
      if (part.catchAll && index < segments.length - 1) {
        throw new TemplateError('a catch-all parameter can only be the last segment')
      }
    }
  }
}

function checkComplex(segment: Segment): void {
  for (const [index, part] of segment.entries()) {
    if (part.kind === 'literal') continue
    const before = segment[index - 1]
    if (before?.kind === 'parameter') throw new TemplateError('two parameters must be separated by a literal')
    if (part.catchAll) throw new TemplateError('a catch-all parameter must be alone in its segment')
    const last = index === segment.length - 1
    if (part.optional && !(last && before?.kind === 'literal' && before.text === '.')) {
      throw new TemplateError('an optional parameter must end its segment, after a period')
    }
  }
}
