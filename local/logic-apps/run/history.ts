import { isSecured, type Step } from '../steps.ts'
import type { Status } from '../workflow.ts'

/** What the run history keeps of a step, as Azure shows it: secured content is not there at all. */
export type StepRecord = {
  status: Status
  startTime: string
  endTime: string
  /** `OK`, `Forbidden`, `ActionSkipped` …; an HTTP status in words Azure writes, as a number here. */
  code?: string
  error?: { code: string; message: string }
  inputs?: unknown
  outputs?: unknown
  /** Tries before the last one: when, and what came of them. */
  retryHistory?: { startTime: string; code: string }[]
}

export type RunRecord = {
  name: string
  status: 'Succeeded' | 'Failed' | 'Cancelled'
  startTime: string
  endTime: string
  error?: { code: string; message: string }
  trigger: StepRecord
  actions: Record<string, StepRecord>
}

/** What a step did, with everything it took and gave: for the steps after it, never for the history. */
export type Ended = Omit<StepRecord, 'startTime' | 'endTime'> & { startedAt: number; endedAt: number }

const HIDDEN = 'Content not shown due to security configuration.'

/**
 * The record of what a step did. INVARIANT: what `secureData` names is left out here, before anything is stored. Azure also hides
 * the inputs of whoever takes from a secured step; that is left out on purpose, so that a forgotten `secureData` shows.
 */
export function recordOf(step: Step, { startedAt, endedAt, inputs, outputs, ...rest }: Ended): StepRecord {
  const hidesInputs = isSecured(step, 'inputs')
  const { type } = step.node
  const hidesOutputs = isSecured(step, 'outputs') || (hidesInputs && (type === 'Compose' || type === 'ParseJson'))
  return {
    ...rest,
    startTime: new Date(startedAt).toISOString(),
    endTime: new Date(endedAt).toISOString(),
    ...(inputs !== undefined && { inputs: hidesInputs ? HIDDEN : inputs }),
    ...(outputs !== undefined && { outputs: hidesOutputs ? HIDDEN : outputs }),
  }
}
