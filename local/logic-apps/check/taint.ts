import { type Expression, ExpressionError, expressionsOf } from '../expressions/expression.ts'
import { parseTemplate } from '../expressions/parse.ts'
import { actionsIn, groupsOf, isSecured, type Step, type Text, textsOf } from '../steps.ts'
import type { Workflow } from '../workflow.ts'
import type { Check, Finding } from './finding.ts'
import { isToGateway, requestsOf } from './gateway-calls.ts'

/** Parameters, steps and variables that hold a secret, or may; `calls`: steps whose status code is that of an answer. */
type Tainted = {
  parameters: Set<string>
  steps: Set<string>
  variables: Set<string>
  trigger: boolean
  calls: ReadonlySet<string>
}

/**
 * Follows what is secret through the workflow and demands that the run history shows none of it: outputs that are secured,
 * secret parameters and callback URLs, and everything made of them. Azure hides what an action takes from a secured one, but not
 * what it gives, and nothing of who takes it from a Compose.
 */
export const taint: Check = (workflow, steps) => {
  const tainted = spread(workflow, steps)
  return steps.flatMap((step) => {
    const uses = textsOf(step).filter(({ text }) => isTaintedText(text, tainted))
    return uses.length === 0 ? [] : demands(step, uses, tainted)
  })
}

/** To a fixed point: a loop may carry a value backwards. */
function spread(workflow: Workflow, steps: readonly Step[]): Tainted {
  const parameters = Object.entries(workflow.parameters).flatMap(([name, { type }]) =>
    /^secure/i.test(type) ? [name] : [],
  )
  const calls = new Set(steps.flatMap(({ name, node }) => (node.type === 'Http' ? [name] : [])))
  const nothing = { steps: new Set<string>(), variables: new Set<string>(), trigger: false }
  const tainted: Tainted = { parameters: new Set(parameters), calls, ...nothing }
  const size = () => tainted.steps.size + tainted.variables.size + Number(tainted.trigger)
  for (let before = -1; before !== size(); ) {
    before = size()
    for (const step of steps) if (givesSecrets(step, tainted)) mark(step, tainted)
  }
  return tainted
}

function mark({ kind, name, node }: Step, tainted: Tainted): void {
  if (kind === 'trigger') tainted.trigger = true
  else tainted.steps.add(name)
  if (node.type === 'SetVariable') tainted.variables.add(node.inputs.name)
  if (node.type === 'InitializeVariable') for (const one of node.inputs.variables) tainted.variables.add(one.name)
}

/** Whether what a step gives is secret: said so, answered by the gateway, made of what is, or holding such a step. */
function givesSecrets(step: Step, tainted: Tainted): boolean {
  const { node } = step
  if (isSecured(step, 'outputs')) return true
  if ((node.type === 'Compose' || node.type === 'ParseJson') && isSecured(step, 'inputs')) return true
  if (node.type === 'Http' && requestsOf(step).some(({ request }) => isToGateway(request))) return true
  // What a trigger gives comes from outside, whatever it was registered with.
  if (step.kind === 'trigger') return false
  if (
    groupsOf(step)
      .flatMap(actionsIn)
      .some(({ name }) => tainted.steps.has(name))
  )
    return true
  return textsOf(step).some(({ text }) => isTaintedText(text, tainted))
}

const isTaintedText = (text: string, tainted: Tainted): boolean => taintedIn(text, tainted).length > 0

function taintedIn(text: string, tainted: Tainted): Expression[] {
  try {
    return expressionsOf(parseTemplate(text)).filter((expression) => isTainted(expression, tainted))
  } catch (error) {
    if (error instanceof ExpressionError) return []
    throw error
  }
}

/** How a step ended is no secret, and a catch must be able to say it. */
const OPEN: Record<string, readonly unknown[]> = { outputs: ['statusCode'], actions: ['status', 'code', 'name'] }

function isTainted(expression: Expression, tainted: Tainted): boolean {
  if (expression.kind === 'literal') return false
  if (expression.kind === 'member') {
    const { of, key } = expression
    const isOpen =
      of.kind === 'call' &&
      key.kind === 'literal' &&
      OPEN[of.name]?.includes(key.value) &&
      // Of a Compose it is a member that somebody put there.
      (of.name !== 'outputs' || tainted.calls.has(nameIn(of)))
    return !isOpen && (isTainted(of, tainted) || isTainted(key, tainted))
  }
  const { name, args } = expression
  const named = nameIn(expression)
  if (name === 'parameters') return tainted.parameters.has(named)
  if (name === 'variables') return tainted.variables.has(named)
  if (name === 'triggerbody' || name === 'triggeroutputs') return tainted.trigger
  if (name === 'listcallbackurl') return true
  if (['body', 'outputs', 'actions', 'result'].includes(name)) return tainted.steps.has(named)
  return args.some((argument) => isTainted(argument, tainted))
}

function nameIn({ args: [first] }: Extract<Expression, { kind: 'call' }>): string {
  return first?.kind === 'literal' ? String(first.value) : ''
}

function demands(step: Step, uses: readonly Text[], tainted: Tainted): Finding[] {
  const { name, node, pointer } = step
  const finding = (rule: string, at: string, message: string): Finding => ({ rule, step: name, pointer: at, message })
  const needed = SECURABLE[node.type]
  if (!needed) {
    return uses.map((use) => {
      const message = `a ${node.type} shows what it is given in the run history and cannot be secured: use what is secret in secured actions only`
      return finding('secret-shown', use.pointer, message)
    })
  }
  const unsecured = needed
    .filter((what) => !isSecured(step, what))
    .map((what) => {
      const message = `it uses what is secret (${uses.map((use) => use.pointer).join(', ')}): add "${what}" to runtimeConfiguration.secureData.properties`
      return finding('taint', `${pointer}/runtimeConfiguration`, message)
    })
  return [...unsecured, ...inAddresses(step, uses, tainted).map((at) => finding('secret-in-address', at, IN_ADDRESS))]
}

/** Of Compose and ParseJson "inputs" hides outputs too; of the others not named nothing can be hidden. */
const SECURABLE: Record<string, readonly ('inputs' | 'outputs')[]> = {
  Http: ['inputs', 'outputs'],
  HttpWebhook: ['inputs', 'outputs'],
  ApiConnectionWebhook: ['inputs', 'outputs'],
  Request: ['inputs', 'outputs'],
  Compose: ['inputs'],
  ParseJson: ['inputs'],
}

const IN_ADDRESS = 'a secret in an address is kept by every log on its way: send it in a header or in the body'

/** The gateway’s own addresses may hold an id, of a handle or a run: it serves nobody else. */
function inAddresses(step: Step, uses: readonly Text[], tainted: Tainted): string[] {
  const requests = requestsOf(step)
  const isAddressOf = (at: string) => (one: { pointer: string }) =>
    at === `${one.pointer}/uri` || at.startsWith(`${one.pointer}/queries/`)
  return uses.flatMap(({ pointer, text }) => {
    const own = requests.find(isAddressOf(pointer))
    if (!own || (isToGateway(own.request) && taintedIn(text, tainted).every(isId))) return []
    return [pointer]
  })
}

/** `…['id']`, escaped perhaps. */
function isId(expression: Expression): boolean {
  if (expression.kind === 'member') return expression.key.kind === 'literal' && expression.key.value === 'id'
  const [first] = expression.kind === 'call' && /^(?:encode)?uricomponent$/.test(expression.name) ? expression.args : []
  return first !== undefined && isId(first)
}
