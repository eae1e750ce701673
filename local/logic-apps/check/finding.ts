import type { Step } from '../steps.ts'
import type { Workflow } from '../workflow.ts'

/** What is wrong with a workflow and what to do about it. */
export type Finding = {
  rule: string
  /** Name of the action or trigger; `workflow` for what belongs to none. */
  step: string
  /** JSON pointer into the definition. */
  pointer: string
  message: string
}

/** Looks at a workflow whose shape is right. */
export type Check = (workflow: Workflow, steps: readonly Step[]) => Finding[]

export const describe = ({ rule, step, pointer, message }: Finding) => `${step} at ${pointer}: ${message} (${rule})`
