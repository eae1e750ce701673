import { GatewayError } from '../errors.ts'

/**
 * JSON in printable ASCII alone: every other unit becomes `\uXXXX`. Throws `journal_unavailable` for what has no JSON form.
 */
export function toAscii(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch {
    // a bigint, a cycle or a hostile toJSON: handled below
  }
  if (text === undefined) throw new GatewayError('journal_unavailable', 'entry_without_json_form')
  return NOT_PRINTABLE.test(text) ? text.replace(ALL_NOT_PRINTABLE, escapeUnit) : text
}

const NOT_PRINTABLE = /[^ -~]/
const ALL_NOT_PRINTABLE = /[^ -~]/g

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
