import { evaluateAll } from '../expressions/evaluate.ts'
import { type Step, stepsOf } from '../steps.ts'
import type { Request } from '../workflow.ts'
import { contentOf } from './content.ts'
import type { RunnerDeps } from './deps.ts'
import { type RunRecord, recordOf, type StepRecord } from './history.ts'
import { perform } from './request.ts'
import { asWorkflow, begin, runWorkflow } from './run-workflow.ts'
import { lookOf, type Values } from './running.ts'

/** A call of the callback URL as it came. */
type Delivery = { contentType: string | undefined; text: string }

/** A workflow that an HttpWebhook starts, as Azure keeps it. */
export type Webhook = {
  /** When the workflow is saved or enabled. */
  subscribe(): Promise<StepRecord>
  /** When it is changed, disabled or deleted. */
  unsubscribe(): Promise<StepRecord>
  /** A call of the callback URL; undefined when no run came of it. */
  receive(delivery: Delivery): Promise<RunRecord | undefined>
}

export function createWebhook(
  definition: unknown,
  start: { parameters: Values; callbackUrl: string },
  deps: RunnerDeps,
): Webhook {
  const workflow = asWorkflow(definition)
  const [trigger] = stepsOf(workflow)
  const call = async (part: 'subscribe' | 'unsubscribe') => {
    const running = begin(workflow, { ...start, trigger: undefined }, deps)
    const startedAt = deps.now()
    const request = evaluateAll(partOf(trigger, part), lookOf(running)) as Request
    const did = await perform({ request, isAsync: false }, deps)
    return recordOf(trigger as Step, { ...did, startedAt, endedAt: deps.now() })
  }
  return {
    subscribe: () => call('subscribe'),
    unsubscribe: () => call('unsubscribe'),
    receive: ({ contentType, text }) => {
      const trigger = { headers: { 'Content-Type': contentType ?? '' }, body: contentOf(contentType, text) }
      return runWorkflow(definition, { ...start, trigger }, deps)
    },
  }
}

function partOf(trigger: Step | undefined, part: 'subscribe' | 'unsubscribe'): Request {
  if (trigger?.node.type !== 'HttpWebhook') throw new Error('no HttpWebhook starts this workflow')
  return trigger.node.inputs[part]
}
