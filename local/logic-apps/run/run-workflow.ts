import { randomUUID } from 'node:crypto'
import { readWorkflow } from '../check/shape.ts'
import { actionsIn, stepsOf } from '../steps.ts'
import type { Workflow } from '../workflow.ts'
import { runGroup, skip, Terminated } from './actions.ts'
import { holds } from './condition.ts'
import type { RunnerDeps } from './deps.ts'
import { type RunRecord, recordOf } from './history.ts'
import { lookOf, parameterValues, type Running, type Values } from './running.ts'

export type Start = { parameters: Values; trigger?: Running['trigger']; callbackUrl?: string }

/** The definition, or an Error with all that is wrong with its shape. */
export function asWorkflow(definition: unknown): Workflow {
  const read = readWorkflow(definition)
  if ('workflow' in read) return read.workflow
  throw new Error(read.findings.map(({ pointer, message }) => `${pointer}: ${message}`).join('\n'))
}

/**
 * One run of a workflow, from what its trigger gave to its end, and its history; undefined when a condition of the trigger does not
 * hold, since then there is no run. Throws an Error where a deployment would fail.
 */
export async function runWorkflow(definition: unknown, start: Start, deps: RunnerDeps): Promise<RunRecord | undefined> {
  const workflow = asWorkflow(definition)
  const running = begin(workflow, start, deps)
  const [trigger] = stepsOf(workflow)
  if (trigger?.kind !== 'trigger') throw new Error('there is no trigger')
  const startedAt = deps.now()
  if (!(trigger.node.conditions ?? []).every(({ expression }) => holds(expression, lookOf(running)))) return undefined
  const fired = { status: 'Succeeded', code: 'OK', startedAt, endedAt: startedAt } as const
  const end = await run(running)
  return {
    ...{
      name: running.name,
      startTime: new Date(startedAt).toISOString(),
      endTime: new Date(deps.now()).toISOString(),
    },
    ...end,
    trigger: recordOf(trigger, { ...fired, ...(running.trigger && { outputs: running.trigger }) }),
    actions: running.actions,
  }
}

export function begin(workflow: Workflow, { parameters, trigger, callbackUrl }: Start, deps: RunnerDeps): Running {
  return {
    ...{ workflow, deps, trigger, name: randomUUID().replaceAll('-', '').toUpperCase() },
    parameters: parameterValues(workflow, parameters),
    ...(callbackUrl !== undefined && { callbackUrl }),
    ...{ variables: new Map(), ended: new Map(), actions: {} },
  }
}

async function run(running: Running): Promise<Pick<RunRecord, 'status' | 'error'>> {
  const root = { pointer: '/actions', actions: running.workflow.actions }
  try {
    const status = await runGroup(running, root)
    return { status: status === 'Succeeded' ? 'Succeeded' : 'Failed' }
  } catch (error) {
    if (!(error instanceof Terminated)) throw error
    for (const step of actionsIn(root)) if (!running.ended.has(step.name)) skip(running, step)
    return { status: error.status, ...(error.error && { error: error.error }) }
  }
}
