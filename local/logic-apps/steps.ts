import type { Action, Actions, Trigger, Workflow } from './workflow.ts'

/** The trigger or an action of a workflow, and where it stands. */
export type Step = { name: string; pointer: string; within: Group } & (
  | { kind: 'trigger'; node: Trigger }
  | { kind: 'action'; node: Action }
)
export type ActionStep = Extract<Step, { kind: 'action' }>

/** Actions that stand side by side: of the workflow, of a scope, of a branch, of a loop. */
export type Group = { pointer: string; actions: Actions; owner?: ActionStep }

/** Every step, each before what is inside it. */
export function stepsOf({ triggers, actions }: Pick<Workflow, 'triggers' | 'actions'>): Step[] {
  const root: Group = { pointer: '/actions', actions }
  const first = Object.entries(triggers).map(([name, node]): Step => {
    return { kind: 'trigger', name, node, pointer: `/triggers/${pointerPart(name)}`, within: root }
  })
  return [...first, ...actionsIn(root)]
}

export function actionsIn(group: Group): ActionStep[] {
  return Object.entries(group.actions).flatMap(([name, node]) => {
    const step: ActionStep = {
      kind: 'action',
      name,
      node,
      pointer: `${group.pointer}/${pointerPart(name)}`,
      within: group,
    }
    return [step, ...groupsOf(step).flatMap(actionsIn)]
  })
}

/** What an action holds. */
export function groupsOf(step: ActionStep): Group[] {
  const { node, pointer } = step
  if (!('actions' in node)) return []
  const own = { pointer: `${pointer}/actions`, actions: node.actions, owner: step }
  const other = node.type === 'If' ? node.else : undefined
  return other ? [own, { pointer: `${pointer}/else/actions`, actions: other.actions, owner: step }] : [own]
}

/** Names of the actions that have ended when one begins: those before it and before what it stands in, with all inside them. */
export function upstreamOf(step: ActionStep): Set<string> {
  const before = new Set<string>()
  const visit = (name: string, group: Group) => {
    const node = group.actions[name]
    if (!node || before.has(name)) return
    for (const inner of actionsIn({ ...group, actions: { [name]: node } })) before.add(inner.name)
    for (const earlier of Object.keys(node.runAfter)) visit(earlier, group)
  }
  for (let at: ActionStep | undefined = step; at; at = at.within.owner) {
    for (const earlier of Object.keys(at.node.runAfter)) visit(earlier, at.within)
  }
  return before
}

export const isSecured = ({ node }: Step, what: 'inputs' | 'outputs'): boolean =>
  node.runtimeConfiguration?.secureData?.properties.includes(what) ?? false

/** A text of a definition and where it stands. */
export type Text = { text: string; pointer: string }

/** Texts that Logic Apps evaluates for a step itself, without those of the actions inside it. */
export function textsOf({ node, pointer }: Step): Text[] {
  const { type: _type, description: _description, ...rest } = node
  const own = Object.entries(rest).filter(
    ([key]) => !['runAfter', 'runtimeConfiguration', 'actions', 'else'].includes(key),
  )
  return own.flatMap(([key, value]) => textsIn(value, `${pointer}/${pointerPart(key)}`))
}

/** Every text in a value; names of members too where they may hold an expression. */
export function textsIn(value: unknown, pointer: string): Text[] {
  if (typeof value === 'string') return [{ text: value, pointer }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, one]) => {
    const at = `${pointer}/${pointerPart(key)}`
    return [...(key.includes('@') ? [{ text: key, pointer: at }] : []), ...textsIn(one, at)]
  })
}

/** A name as a part of a JSON pointer (RFC 6901). */
export const pointerPart = (part: string) => part.replaceAll('~', '~0').replaceAll('/', '~1')
