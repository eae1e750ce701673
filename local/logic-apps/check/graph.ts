import { type ActionStep, type Group, groupsOf, pointerPart } from '../steps.ts'
import type { Check, Finding } from './finding.ts'

/** Every action comes after ones that stand beside it, none after itself, and no name is there twice. */
export const graph: Check = (workflow, steps) => {
  const actions = steps.filter((step) => step.kind === 'action')
  const groups = [{ pointer: '/actions', actions: workflow.actions }, ...actions.flatMap(groupsOf)]
  return [...groups.flatMap(cycles), ...actions.flatMap(missing), ...twice(actions)]
}

function missing({ name, node, pointer, within }: ActionStep): Finding[] {
  return Object.keys(node.runAfter)
    .filter((earlier) => !Object.hasOwn(within.actions, earlier))
    .map((earlier) => ({
      rule: 'run-after',
      step: name,
      pointer: `${pointer}/runAfter/${pointerPart(earlier)}`,
      message: `there is no action \`${earlier}\` beside this one: name one of the same scope, or remove it`,
    }))
}

function twice(actions: readonly ActionStep[]): Finding[] {
  const seen = new Set<string>()
  return actions.flatMap(({ name, pointer }) => {
    const isNew = !seen.has(name.toLowerCase())
    seen.add(name.toLowerCase())
    const message = 'another action has this name, in some other scope perhaps: give it one of its own'
    return isNew ? [] : [{ rule: 'name', step: name, pointer, message }]
  })
}

/** Whoever has not been reached when nothing more can begin waits for itself. */
function cycles({ pointer, actions }: Group): Finding[] {
  const left = new Map(Object.entries(actions))
  const done = new Set<string>()
  const ready = (name: string) =>
    Object.keys(actions[name]?.runAfter ?? {}).every((earlier) => done.has(earlier) || !Object.hasOwn(actions, earlier))
  for (let next = [...left.keys()].filter(ready); next.length > 0; next = [...left.keys()].filter(ready)) {
    for (const name of next) {
      left.delete(name)
      done.add(name)
    }
  }
  return [...left.keys()].map((name) => ({
    rule: 'cycle',
    step: name,
    pointer: `${pointer}/${pointerPart(name)}/runAfter`,
    message: 'it can never begin, since it waits for itself or for one that does: break the circle',
  }))
}
