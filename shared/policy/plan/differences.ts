import { canonicalJson } from '../documents/canonical-json.ts'
import { pointer } from '../documents/faults.ts'

/** Where two documents differ (RFC 6901); a side that holds nothing there leaves its value out. */
export type Difference = { pointer: string; before?: unknown; after?: unknown }

/** Every difference of two JSON values, as deep as both are objects; lists are one value. */
export function differencesOf(before: unknown, after: unknown, path: readonly string[] = []): Difference[] {
  if (isObject(before) && isObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
    return names.flatMap((name) => differencesOf(own(before, name), own(after, name), [...path, name]))
  }
  if (before !== undefined && after !== undefined && canonicalJson(before) === canonicalJson(after)) return []
  if (before === undefined && after === undefined) return []
  return [{ pointer: pointer(path), ...(before !== undefined && { before }), ...(after !== undefined && { after }) }]
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const own = (of: Record<string, unknown>, name: string) => (Object.hasOwn(of, name) ? of[name] : undefined)
