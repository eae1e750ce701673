import { noArgument, textOption } from './gateway/arguments.ts'
import { GATEWAY_OPTIONS, GATEWAY_USAGE, openGateway } from './gateway/gateway.ts'
import { type Call, CliError, EXIT, type Verb } from './verb.ts'

export const explain: Verb = {
  name: 'explain',
  usage: `(--action A --resource R [--principal ID] [--at TIME] [--address IP] | --instance TXN) ${GATEWAY_USAGE} [--json]`,
  summary: 'Says why something is permitted or denied: of oneself in a code, of anybody else (policy:explain) in full.',
  options: {
    ...GATEWAY_OPTIONS,
    principal: { type: 'string' },
    action: { type: 'string' },
    resource: { type: 'string' },
    instance: { type: 'string' },
    at: { type: 'string' },
    address: { type: 'string' },
  },
  async run(call) {
    noArgument(call)
    const body = requestOf(call)
    const gateway = await openGateway(call)
    const { json } = await gateway({ method: 'POST', path: '/v1/policy-explanations', json: body })
    return { exit: EXIT.ok, json, text: linesOf(json as Explained) }
  },
}

function requestOf(call: Call): Record<string, unknown> {
  const text = (name: string) => textOption(call, name)
  const [instance, action, resource] = [text('instance'), text('action'), text('resource')]
  if (instance !== undefined) return { instance }
  if (!action || !resource) throw new CliError(EXIT.usage, '--action and --resource, or --instance')
  const named = { at: text('at'), clientAddress: text('address'), purpose: text('purpose'), reason: text('reason') }
  const context = Object.fromEntries(Object.entries({ ...named, ticket: text('ticket') }).filter(([, value]) => value))
  const principal = text('principal')
  return { action, resource, ...(principal && { principal }), ...(Object.keys(context).length > 0 && { context }) }
}

type Part = { name?: string; answer: string; expected?: unknown; actual?: unknown }
type Trace = {
  id: string
  effect: string
  mode: string
  applies: string
  principals: { answer: string; selectors: Part[] }
  action: Part
  resources: { answer: string; actual: string; patterns: Part[] }
  inForce: Part & { notBefore?: string; expires?: string }
  conditions: Part[]
}
type Explained = {
  principal: string | { id: string }
  action: string
  resource: string
  effect?: string
  reason?: string
  unmet?: string
  inexact?: boolean
  grant?: { chain: string[]; covers: boolean }
  statements?: Trace[]
  considered?: number
  aboutOthers?: { count: number; statements: string[] }
  policy?: { state: string; revision?: number; ageSeconds?: number }
  recorded?: { kind: string; time: string; refusal?: string; decision: { effect: string; reason: string } }
}

function linesOf(told: Explained): string[] {
  const { principal, action, resource, effect, reason, unmet, grant, recorded, policy, aboutOthers } = told
  const who = typeof principal === 'string' ? principal : principal.id
  const outcome = told.inexact ? 'cannot be decided again: the entry does not hold everything' : `${effect} (${reason})`
  return [
    `${who} ${action} ${resource}: ${outcome}${unmet ? `, but ${unmet}` : ''}`,
    ...(recorded
      ? [`  recorded ${recorded.time}: ${recorded.kind}, ${recorded.refusal ?? recorded.decision.reason}`]
      : []),
    ...(grant
      ? [`  through grant ${grant.chain.join(' > ')}, which ${grant.covers ? 'covers' : 'does not cover'} it`]
      : []),
    ...(told.statements ?? []).flatMap(statementLines),
    ...(aboutOthers && aboutOthers.count > 0 ? [`  about others only: ${aboutOthers.statements.join(', ')}`] : []),
    ...(policy ? [`  policy: revision ${policy.revision}, ${policy.state}, looked at ${policy.ageSeconds} s ago`] : []),
  ]
}

const MARK: Record<string, string> = { yes: 'yes    ', no: 'no     ', unknown: 'unknown' }

function statementLines({ id, effect, mode, applies, ...trace }: Trace): string[] {
  const { principals, action, resources, inForce, conditions } = trace
  const part = ({ answer, expected, actual }: Part, name: string) =>
    `    ${MARK[answer]} ${name}: wanted ${JSON.stringify(expected)}, is ${actual === undefined ? 'not known' : JSON.stringify(actual)}`
  return [
    `  ${id} (${effect}${mode === 'report' ? ', report only' : ''}): ${applies === 'yes' ? 'applies' : applies === 'no' ? 'does not apply' : 'cannot be evaluated'}`,
    ...principals.selectors.map((selector) => part(selector, 'principal')),
    part(action, 'action'),
    ...resources.patterns.map((pattern) => part({ ...pattern, actual: resources.actual }, 'resource')),
    ...(inForce.notBefore || inForce.expires
      ? [part({ ...inForce, expected: `${inForce.notBefore ?? ''}..${inForce.expires ?? ''}` }, 'in force')]
      : []),
    ...conditions.map((condition) => part(condition, condition.name ?? 'condition')),
  ]
}
