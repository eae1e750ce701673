import { callsIn, type Expression, ExpressionError, expressionsOf } from '../expressions/expression.ts'
import { LOOKING, PURE } from '../expressions/functions.ts'
import { parseTemplate } from '../expressions/parse.ts'
import { actionsIn, groupsOf, type Step, type Text, textsOf, upstreamOf } from '../steps.ts'
import type { Workflow } from '../workflow.ts'
import type { Check, Finding } from './finding.ts'

/** Every text can be read, calls functions that exist, and refers to what there is when it is evaluated. */
export const expressions: Check = (workflow, steps) =>
  steps.flatMap((step) => textsOf(step).flatMap((text) => checkText(workflow, steps, { step, text })))

type Place = { step: Step; text: Text }

function checkText(workflow: Workflow, steps: readonly Step[], { step, text }: Place): Finding[] {
  const finding = (message: string): Finding => ({
    rule: 'expression',
    step: step.name,
    pointer: text.pointer,
    message,
  })
  let calls: Call[]
  try {
    calls = expressionsOf(parseTemplate(text.text)).flatMap(callsIn)
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    return [finding(`${error.message}: mend the expression, or write \`@@\` for an at sign`)]
  }
  const visible = visibleFrom(workflow, steps, step)
  return calls.flatMap((call) => faultOf(call, visible) ?? []).map(finding)
}

type Call = Extract<Expression, { kind: 'call' }>
type Visible = {
  parameters: Set<string>
  actions: Set<string>
  variables: Set<string>
  triggerGives: boolean
  isWebhook: boolean
}

function visibleFrom(workflow: Workflow, steps: readonly Step[], step: Step): Visible {
  const actions = step.kind === 'trigger' ? new Set<string>() : upstreamOf(step)
  // The condition of a loop is asked after its actions.
  if (step.kind === 'action' && step.node.type === 'Until') {
    for (const inner of groupsOf(step).flatMap(actionsIn)) actions.add(inner.name)
  }
  const variables = steps.flatMap(({ name, node }) =>
    node.type === 'InitializeVariable' && actions.has(name) ? node.inputs.variables.map((one) => one.name) : [],
  )
  return {
    parameters: new Set(Object.keys(workflow.parameters)),
    actions,
    variables: new Set(variables),
    triggerGives: Object.values(workflow.triggers).some(({ type }) => type !== 'Recurrence'),
    isWebhook: step.node.type === 'HttpWebhook' || step.node.type === 'ApiConnectionWebhook',
  }
}

const OF_TRIGGERS = ['triggerbody', 'triggeroutputs']
const OF_ACTIONS = ['body', 'outputs', 'actions', 'result']

function faultOf({ name, args }: Call, visible: Visible): string | undefined {
  const known = PURE[name] ?? LOOKING[name]
  if (!known) return `there is no function \`${name}()\` among those allowed: use another`
  if (args.length < known.least || args.length > known.most) {
    return `\`${name}()\` does not take ${args.length} arguments, but ${known.least} to ${known.most}`
  }
  if (OF_TRIGGERS.includes(name) && !visible.triggerGives) return 'a Recurrence gives nothing: there is no trigger body'
  if (name === 'listcallbackurl' && !visible.isWebhook) return 'only the trigger of a webhook has a callback URL'
  if (!OF_ACTIONS.includes(name) && name !== 'parameters' && name !== 'variables') return undefined
  const [first] = args
  if (first?.kind !== 'literal' || typeof first.value !== 'string') {
    return `\`${name}()\` must name what it refers to in plain quotes: otherwise nobody can check what it is`
  }
  const among = name === 'parameters' ? visible.parameters : name === 'variables' ? visible.variables : visible.actions
  if (among.has(first.value)) return undefined
  if (name === 'parameters') return `there is no parameter \`${first.value}\`: declare it`
  if (name === 'variables') return `no InitializeVariable before this step makes \`${first.value}\``
  return `\`${first.value}\` has not run when this step does: let this one run after it`
}
