import { stepsOf } from '../steps.ts'
import { expressions } from './expressions.ts'
import type { Check, Finding } from './finding.ts'
import { gatewayCalls } from './gateway-calls.ts'
import { graph } from './graph.ts'
import { parameters } from './parameters.ts'
import { readWorkflow } from './shape.ts'
import { taint } from './taint.ts'

const CHECKS: readonly Check[] = [graph, parameters, expressions, gatewayCalls, taint]

/** Everything that is wrong with a workflow definition; the rest only where its shape is right. */
export function checkWorkflow(definition: unknown): Finding[] {
  const read = readWorkflow(definition)
  if ('findings' in read) return read.findings
  const steps = stepsOf(read.workflow)
  return CHECKS.flatMap((check) => check(read.workflow, steps))
}
