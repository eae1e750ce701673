import type { z } from 'zod'

/** One fault of a document: where (RFC 6901) and what is wrong; never the value itself. */
export type Fault = { pointer: string; detail: string }

/** zod's own texts, in the voice of the error table: lower-case, no full stop, no value. */
export function sentenceOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${issue.expected}`
    case 'invalid_value':
      return issue.input === undefined ? 'is missing' : `must be ${issue.values.map(String).join(' or ')}`
    case 'too_small':
      return `must ${sizeVerb(issue.origin)} at least ${issue.minimum}${sizeUnit(issue.origin)}`
    case 'too_big':
      return `must ${sizeVerb(issue.origin)} at most ${issue.maximum}${sizeUnit(issue.origin)}`
    case 'invalid_union':
      return Array.isArray(issue['options'])
        ? `must be one of ${issue['options'].map(String).join(', ')}`
        : 'must be text, a number or a boolean of the documented form'
    default:
      return undefined
  }
}

/** All faults of a failed parse; an unknown key is pointed at itself, not at the object around it. */
export function faultsOf(error: z.ZodError): Fault[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ pointer: pointer([...issue.path, key]), detail: 'is not a known field' }))
    }
    const inner = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined
    return [{ pointer: pointer(issue.path), detail: inner ?? issue.message }]
  })
}

/** RFC 6901: `~` and `/` inside a key are escaped. */
export function pointer(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

const sizeVerb = (origin: string) => (origin === 'array' ? 'hold' : 'be')
const sizeUnit = (origin: string) => (origin === 'string' ? ' characters' : origin === 'array' ? ' items' : '')
