import { randomUUID } from 'node:crypto'
import type { Look } from '../expressions/evaluate.ts'
import { ExpressionError } from '../expressions/expression.ts'
import type { Actions, Workflow } from '../workflow.ts'
import type { RunnerDeps } from './deps.ts'
import type { Ended, StepRecord } from './history.ts'

export type Values = Readonly<Record<string, unknown>>

/** One run under way. */
export type Running = {
  workflow: Workflow
  deps: RunnerDeps
  name: string
  parameters: Values
  trigger: { body: unknown; headers: Record<string, string> } | undefined
  callbackUrl?: string
  variables: Map<string, unknown>
  /** What ended, with all it took and gave. */
  ended: Map<string, Ended>
  /** The history. */
  actions: Record<string, StepRecord>
}

/** Values of all parameters, defaults where none is given. Throws an Error, as a deployment would. */
export function parameterValues({ parameters }: Workflow, given: Values): Values {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(parameters, name)) throw new Error(`parameter ${name} is not declared`)
  }
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { defaultValue }]) => {
      const value = given[name] ?? defaultValue
      if (value === undefined) throw new Error(`parameter ${name} is given no value`)
      return [name, value]
    }),
  )
}

/** What the expressions of a run see. */
export function lookOf(running: Running): Look {
  const outputsOf = (name: unknown) => running.ended.get(String(name))?.outputs ?? null
  const bodyOf = (outputs: unknown) => (isObject(outputs) ? (outputs['body'] ?? null) : null)
  const looks: Record<string, (argument: unknown) => unknown> = {
    parameters: (name) => running.parameters[String(name)],
    variables: (name) => running.variables.get(String(name)) ?? null,
    outputs: outputsOf,
    body: (name) => bodyOf(outputsOf(name)),
    actions: (name) => actionView(running, String(name)),
    result: (name) =>
      Object.keys(membersOf(running.workflow.actions, String(name))).map((one) => actionView(running, one)),
    triggerbody: () => running.trigger?.body ?? null,
    triggeroutputs: () => running.trigger ?? null,
    workflow: () => ({ name: 'workflow', run: { name: running.name } }),
    guid: () => randomUUID(),
    utcnow: () => new Date(running.deps.now()).toISOString(),
    listcallbackurl: () => running.callbackUrl ?? null,
  }
  return (name, [argument]) => {
    const look = looks[name]
    if (!look) throw new ExpressionError(`there is no function ${name}()`)
    return look(argument)
  }
}

function actionView({ ended }: Running, name: string): unknown {
  const done = ended.get(name)
  if (!done) return null
  const { startedAt, endedAt, ...rest } = done
  const time = (at: number) => new Date(at).toISOString()
  return { name, ...rest, startTime: time(startedAt), endTime: time(endedAt) }
}

/** The actions of a container, wherever it stands. */
function membersOf(actions: Actions, name: string): Actions {
  for (const [own, action] of Object.entries(actions)) {
    if (!('actions' in action)) continue
    const inner = { ...action.actions, ...(action.type === 'If' && action.else?.actions) }
    if (own === name) return inner
    const found = membersOf(inner, name)
    if (Object.keys(found).length > 0) return found
  }
  return {}
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
