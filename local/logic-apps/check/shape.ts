import type { z } from 'zod'
import { pointerPart } from '../steps.ts'
import { Workflow } from '../workflow.ts'
import type { Finding } from './finding.ts'

/** The definition, or what is not in the subset that these checks know. */
export function readWorkflow(value: unknown): { workflow: Workflow } | { findings: Finding[] } {
  const parsed = Workflow.safeParse(value)
  return parsed.success ? { workflow: parsed.data } : { findings: parsed.error.issues.map(findingOf) }
}

function findingOf({ path, message }: z.core.$ZodIssue): Finding {
  const parts = path.map(String)
  const pointer = parts.map((part) => `/${pointerPart(part)}`).join('')
  return { rule: 'shape', step: stepOf(parts), pointer, message: `${message}; what is not checked is not allowed` }
}

/** The innermost action that a path leads into. */
function stepOf(parts: readonly string[]): string {
  const at = parts.findLastIndex((part) => part === 'actions' || part === 'triggers')
  return parts[at + 1] ?? 'workflow'
}
