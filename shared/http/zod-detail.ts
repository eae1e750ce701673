import type { z } from 'zod'

/**
 * One sentence for the caller about the first fault of a body or query. Says where and what was expected, never what was
 * sent: zod's own text names unknown keys, and a path may hold keys that the caller chose.
 */
export function zodDetail(error: z.ZodError): string {
  const issue = error.issues[0]
  if (!issue) return 'the request does not have the documented shape'
  const where = issue.path.map(safeSegment).join('.')
  return where ? `\`${where}\`: ${what(issue)}` : what(issue)
}

function what(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return 'has a field that is not known'
    case 'invalid_type':
      return `must be ${issue.expected}`
    case 'too_big':
      return `must be at most ${issue.maximum}`
    case 'too_small':
      return `must be at least ${issue.minimum}`
    case 'invalid_value':
      return `must be one of ${issue.values.join(', ')}`
    case 'custom':
      return issue.message
    default:
      return 'does not have the documented form'
  }
}

/** Names of our fields are letters alone; what does not look like one may be a key of the caller's choice. */
const safeSegment = (segment: PropertyKey) => {
  const text = String(segment)
  return /^([A-Za-z]{1,24}|\d{1,4})$/.test(text) ? text : '*'
}
