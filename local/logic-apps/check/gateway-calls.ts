import { callsIn, ExpressionError, expressionsOf } from '../expressions/expression.ts'
import { parseTemplate } from '../expressions/parse.ts'
import { isSecured, type Step } from '../steps.ts'
import type { Request, Workflow } from '../workflow.ts'
import type { Check, Finding } from './finding.ts'

/** Names that a workflow gives the gateway's address and the audience of its tokens. */
const GATEWAY_URL = 'gatewayUrl'
const AUDIENCE = "@parameters('audience')"

/** Requests of a step, with the pointer to each. */
export function requestsOf({ node, pointer }: Step): { request: Request; pointer: string }[] {
  if (node.type === 'Http') return [{ request: node.inputs, pointer: `${pointer}/inputs` }]
  if (node.type !== 'HttpWebhook') return []
  return [
    { request: node.inputs.subscribe, pointer: `${pointer}/inputs/subscribe` },
    { request: node.inputs.unsubscribe, pointer: `${pointer}/inputs/unsubscribe` },
  ]
}

/** Whether a request goes to the gateway: by its address, or since it carries a token that is meant for it. */
export const isToGateway = ({ uri, authentication }: Request): boolean =>
  leadingParameter(uri) === GATEWAY_URL ||
  (authentication?.type === 'ManagedServiceIdentity' && authentication.audience === AUDIENCE)

/**
 * What every call needs, and what one to the gateway needs beside: the workflow's own identity with the audience of the gateway,
 * nothing of it in the run history, retries that are written down, and a key by which a repeated POST has one effect.
 */
export const gatewayCalls: Check = (workflow, steps) =>
  steps.flatMap((step) => [
    ...unsecured(step),
    ...requestsOf(step).flatMap(({ request, pointer }) => {
      const finding = (rule: string, at: string, message: string): Finding => ({
        ...{ rule, step: step.name, pointer: `${pointer}${at}`, message },
      })
      return [
        ...secure(request, workflow).map((message) => finding('https', '/uri', message)),
        ...(request.retryPolicy ? [] : [finding('retry-policy', '/retryPolicy', RETRY)]),
        ...(isToGateway(request) ? ofGateway(request, finding) : ofOthers(request, finding)),
      ]
    }),
  ])

/** Whatever is asked: what comes back is not for everybody who may look at runs, and tomorrow it may hold more. */
function unsecured(step: Step): Finding[] {
  if (requestsOf(step).length === 0) return []
  return (['inputs', 'outputs'] as const)
    .filter((what) => !isSecured(step, what))
    .map((what) => ({
      ...{ rule: 'secure-data', step: step.name, pointer: `${step.pointer}/runtimeConfiguration` },
      message: `a call must have "${what}" in runtimeConfiguration.secureData.properties: the run history shows them else`,
    }))
}

const RETRY =
  'there is no retryPolicy: write down how often and how long is retried, or `none`; the default is nobody’s choice'

type Make = (rule: string, at: string, message: string) => Finding

function ofGateway(request: Request, finding: Make): Finding[] {
  const { authentication, method, uri, headers = {} } = request
  const findings: Finding[] = []
  if (leadingParameter(uri) !== GATEWAY_URL) {
    const message = `a token for the gateway goes to \`@{parameters('${GATEWAY_URL}')}\` alone: whoever else gets it can use it there`
    findings.push(finding('token-elsewhere', '/uri', message))
  }
  if (authentication?.type !== 'ManagedServiceIdentity') {
    const message =
      'a call to the gateway needs `authentication` of type ManagedServiceIdentity: add it, with the audience'
    findings.push(finding('authentication', '/authentication', message))
  } else if (authentication.audience !== AUDIENCE) {
    const message = `the audience must be \`${AUDIENCE}\`: a token for another one opens other doors and not this`
    findings.push(finding('audience', '/authentication/audience', message))
  }
  const key = Object.entries(headers).find(([name]) => name.toLowerCase() === 'idempotency-key')?.[1]
  if ((method === 'POST' || method === 'PUT') && !isFresh(key)) {
    const message =
      'a POST or PUT needs an `Idempotency-Key` that is the same for its retries and another for the next run: ' +
      "`@{workflow()['run']['name']}-<action>`, or the id of the event"
    findings.push(finding('idempotency-key', '/headers', message))
  }
  return findings
}

function ofOthers({ authentication }: Request, finding: Make): Finding[] {
  if (authentication?.type === 'Raw' && callsOf(authentication.value).length === 0) {
    const message = 'a secret that is written down here: take it from a secret parameter, or fetch it from the gateway'
    return [finding('secret-written', '/authentication/value', message)]
  }
  const message =
    'a call without `authentication`: say who calls, or give the secret there (`Raw`): the run history never shows it'
  return authentication ? [] : [finding('authentication', '/authentication', message)]
}

/** A key without an expression, or of parameters alone, would make every later run a repeat of the first. */
const isFresh = (key = '') => callsOf(key).some((name) => PER_RUN.includes(name))
const PER_RUN = ['workflow', 'guid', 'utcnow', 'triggerbody', 'triggeroutputs', 'body', 'outputs', 'variables']

/** Names of the functions that a text calls; none where it cannot be read, which is another finding. */
function callsOf(text: string): string[] {
  try {
    return expressionsOf(parseTemplate(text)).flatMap((one) => callsIn(one).map(({ name }) => name))
  } catch (error) {
    if (error instanceof ExpressionError) return []
    throw error
  }
}

function secure({ uri }: Request, { parameters }: Workflow): string[] {
  if (/^https:\/\//.test(uri)) return []
  const name = leadingParameter(uri)
  if (name === undefined) {
    return [
      "a URI must begin with `https://` or with a parameter alone, `@{parameters('…')}/…`: else nobody knows where it leads",
    ]
  }
  const { defaultValue } = parameters[name] ?? {}
  const isHttps = defaultValue === undefined || /^https:\/\//.test(String(defaultValue))
  return isHttps ? [] : [`the default of parameter \`${name}\` must begin with \`https://\``]
}

/** The parameter that a URI begins with, followed by a path, a query, or nothing. */
function leadingParameter(uri: string): string | undefined {
  try {
    const [first, rest] = parseTemplate(uri).parts
    if (typeof first === 'string' || first?.kind !== 'call' || first.name !== 'parameters') return undefined
    if (rest !== undefined && !(typeof rest === 'string' && /^[/?]/.test(rest))) return undefined
    const [name] = first.args
    return name?.kind === 'literal' && typeof name.value === 'string' ? name.value : undefined
  } catch (error) {
    if (error instanceof ExpressionError) return undefined
    throw error
  }
}
