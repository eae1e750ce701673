import { evaluateAll } from '../expressions/evaluate.ts'
import { ExpressionError } from '../expressions/expression.ts'
import { type ActionStep, actionsIn, type Group, groupsOf } from '../steps.ts'
import { type Action, milliseconds, type Request, type Status } from '../workflow.ts'
import { holds } from './condition.ts'
import { type Ended, recordOf } from './history.ts'
import { matches } from './json-schema.ts'
import { type Did, perform } from './request.ts'
import { isObject, lookOf, type Running } from './running.ts'

/** Ends the whole run. */
export class Terminated extends Error {
  readonly status: 'Succeeded' | 'Failed' | 'Cancelled'
  readonly error: { code: string; message: string } | undefined

  constructor(status: Terminated['status'], error: Terminated['error']) {
    super('terminated')
    this.status = status
    this.error = error
  }
}

/**
 * Runs the actions of a group, each after those it names, and gives how the group ended. Azure runs branches side by side; here one
 * follows the other, which no workflow may depend on.
 */
export async function runGroup(running: Running, group: Group): Promise<Status> {
  const left = new Map(actionsIn(group).flatMap((step) => (step.within === group ? [[step.name, step] as const] : [])))
  while (left.size > 0) {
    const next = [...left.values()].find(({ node }) => Object.keys(node.runAfter).every((name) => !left.has(name)))
    if (!next) throw new Error('actions that wait for each other: check the workflow first')
    left.delete(next.name)
    const may = Object.entries(next.node.runAfter).every(([name, statuses]) =>
      statuses.includes(statusOf(running, name)),
    )
    if (may) await runAction(running, next)
    else skip(running, next)
  }
  return groupStatus(running, group)
}

const statusOf = ({ ended }: Running, name: string): Status => ended.get(name)?.status ?? 'Skipped'

/** As Azure: by the last actions, and by what came before where a last one was skipped. */
function groupStatus(running: Running, { actions }: Group): Status {
  const followed = new Set(Object.values(actions).flatMap(({ runAfter }) => Object.keys(runAfter)))
  const failed = (name: string): boolean => {
    const status = statusOf(running, name)
    return status === 'Skipped' ? Object.keys(actions[name]?.runAfter ?? {}).some(failed) : status !== 'Succeeded'
  }
  return Object.keys(actions)
    .filter((name) => !followed.has(name))
    .some(failed)
    ? 'Failed'
    : 'Succeeded'
}

export function skip(running: Running, step: ActionStep): void {
  const now = running.deps.now()
  for (const each of [step, ...groupsOf(step).flatMap(actionsIn)]) {
    keep(running, each, { status: 'Skipped', code: 'ActionSkipped', startedAt: now, endedAt: now })
  }
}

function keep(running: Running, step: ActionStep, ended: Ended): void {
  running.ended.set(step.name, ended)
  running.actions[step.name] = recordOf(step, ended)
}

async function runAction(running: Running, step: ActionStep): Promise<void> {
  const startedAt = running.deps.now()
  const end = (did: Did) => keep(running, step, { ...did, startedAt, endedAt: running.deps.now() })
  try {
    end(await act(running, step))
  } catch (error) {
    if (error instanceof Terminated) end({ status: 'Succeeded', code: 'OK' })
    if (!(error instanceof ExpressionError)) throw error
    end({ status: 'Failed', code: 'InvalidTemplate', error: { code: 'InvalidTemplate', message: error.message } })
  }
}

const OK = { status: 'Succeeded', code: 'OK' } as const
const UNIT_MS = { Second: 1_000, Minute: 60_000, Hour: 3_600_000, Day: 86_400_000 }

async function act(running: Running, step: ActionStep): Promise<Did> {
  const { node } = step
  const { deps } = running
  const look = lookOf(running)
  switch (node.type) {
    case 'Http': {
      const { operationOptions, limit } = node
      const request = evaluateAll(node.inputs, look) as Request
      return perform({ request, timeout: limit?.timeout, isAsync: operationOptions !== 'DisableAsyncPattern' }, deps)
    }
    case 'Compose': {
      const value = evaluateAll(node.inputs, look)
      return { ...OK, inputs: value, outputs: value }
    }
    case 'ParseJson':
      return parseJson(evaluateAll(node.inputs.content, look), node.inputs.schema)
    case 'InitializeVariable':
    case 'SetVariable':
      return setVariables(running, node)
    case 'Wait':
      await deps.wait(node.inputs.interval.count * UNIT_MS[node.inputs.interval.unit])
      return { ...OK, inputs: node.inputs }
    case 'Terminate': {
      const { runStatus, runError } = evaluateAll(node.inputs, look) as typeof node.inputs
      const error = runError && { code: runError.code ?? '', message: runError.message ?? '' }
      throw new Terminated(runStatus, error)
    }
    case 'Scope':
      return container(await runGroups(running, groupsOf(step)))
    case 'If': {
      const [whenTrue, whenFalse] = groupsOf(step)
      const isTrue = holds(node.expression, look)
      const [taken, other] = isTrue ? [whenTrue, whenFalse] : [whenFalse, whenTrue]
      for (const each of other ? actionsIn(other) : []) if (each.within === other) skip(running, each)
      return { ...container(await runGroups(running, taken ? [taken] : [])), outputs: { expression: isTrue } }
    }
    case 'Until':
      return until(running, step, node)
  }
}

async function runGroups(running: Running, groups: readonly Group[]): Promise<Status> {
  let status: Status = 'Succeeded'
  for (const group of groups) status = await runGroup(running, group)
  return status
}

const container = (status: Status): Did =>
  status === 'Succeeded'
    ? OK
    : {
        status,
        code: 'ActionFailed',
        error: { code: 'ActionFailed', message: 'An action failed. No dependent actions succeeded.' },
      }

/** Azure lets a loop that came to its limit succeed: what follows must look at what came of it. */
async function until(running: Running, step: ActionStep, node: Extract<Action, { type: 'Until' }>): Promise<Did> {
  const ends = running.deps.now() + milliseconds(node.limit.timeout)
  for (let times = 1; ; times++) {
    const status = await runGroups(running, groupsOf(step))
    const isOver = holds(node.expression, lookOf(running))
    if (isOver || times >= node.limit.count || running.deps.now() >= ends) return container(status)
  }
}

function parseJson(content: unknown, schema: unknown): Did {
  const value = typeof content === 'string' ? fromJson(content) : content
  if (value !== undefined && matches(value, schema))
    return { ...OK, inputs: { content, schema }, outputs: { body: value } }
  const error = { code: 'ValidationFailed', message: 'The schema validation failed.' }
  return { status: 'Failed', code: error.code, error, inputs: { content, schema } }
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function setVariables(running: Running, node: Extract<Action, { type: 'InitializeVariable' | 'SetVariable' }>): Did {
  const inputs = evaluateAll(node.inputs, lookOf(running))
  const list = isObject(inputs) && Array.isArray(inputs['variables']) ? inputs['variables'] : [inputs]
  for (const one of list) if (isObject(one)) running.variables.set(String(one['name']), one['value'] ?? null)
  return { ...OK, inputs }
}
