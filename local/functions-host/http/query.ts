import { decodePercent } from './percent.ts'

/**
 * The query as the host hands it over: names are compared without case (the first spelling stays), repeated ones are
 * joined with a comma, malformed percent sequences stay as they are.
 */
export function parseQuery(query: string): Record<string, string> {
  const values: Record<string, string> = Object.create(null)
  if (query.length < 2) return values
  const spelling = new Map<string, string>()
  for (const pair of query.slice(1).split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals === -1 ? pair : pair.slice(0, equals))
    const value = equals === -1 ? '' : decode(pair.slice(equals + 1))
    const known = spelling.get(name.toLowerCase())
    if (known === undefined) {
      spelling.set(name.toLowerCase(), name)
      values[name] = value
    } else {
      values[known] = `${values[known]},${value}`
    }
  }
  return values
}

/** The first value of a parameter, whatever its case; undefined when it is not there. */
export function firstQueryValue(query: string, wanted: string): string | undefined {
  for (const pair of query.slice(1).split('&')) {
    const equals = pair.indexOf('=')
    const name = equals === -1 ? pair : pair.slice(0, equals)
    if (decode(name).toLowerCase() === wanted) return equals === -1 ? '' : decode(pair.slice(equals + 1))
  }
  return undefined
}

function decode(text: string): string {
  return decodePercent(text.includes('+') ? text.replaceAll('+', ' ') : text)
}
