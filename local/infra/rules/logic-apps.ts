import { checkWorkflow } from '../../logic-apps/check/check.ts'
import { describe } from '../../logic-apps/check/finding.ts'
import type { Resource, Snapshot } from '../snapshot.ts'
import { at, mustBe, ofType } from './rule.ts'

const WORKFLOW = 'Microsoft.Logic/workflows'

/** What is wrong with the deployment of a sample workflow: identity, logs, addresses, outputs, and the workflow itself. */
export function judgeWorkflows(snapshot: Snapshot): string[] {
  const workflows = ofType(snapshot, WORKFLOW)
  const settings = ofType(snapshot, 'Microsoft.Insights/diagnosticSettings').map(({ id }) => id)
  const outputs = Object.keys(snapshot.outputs ?? {})
  return [
    ...(workflows.length > 0 ? [] : ['no workflow']),
    ...workflows.flatMap((workflow) => [
      ...mustBe(workflow, { 'identity.type': 'SystemAssigned', 'properties.state': 'Enabled' }),
      ...(settings.some((id) => id.startsWith(`${workflow.id}/providers/`))
        ? []
        : [`${workflow.name}: no diagnostic setting`]),
      ...checkWorkflow(at(workflow, 'properties.definition')).map(describe),
      ...addresses(workflow),
      ...unmatched(workflow),
    ]),
    ...outputs.filter((name) => name !== 'principalId').map((name) => `output ${name}: give out principalId alone`),
    ...(outputs.includes('principalId') ? [] : ['no output principalId: nobody would know whom the policy is about']),
    ...(/\blist[A-Z]\w*\(/.test(JSON.stringify(snapshot.predictedResources.map(withoutDefinition)))
      ? ['a template that asks for a key: use identities']
      : []),
    ...(snapshot.diagnostics.length === 0 ? [] : ['not all could be predicted']),
  ]
}

/** `listCallbackUrl()` of a definition is the workflow's own. */
function withoutDefinition({ properties, ...rest }: Resource) {
  const { definition: _definition, ...others } = properties ?? {}
  return { ...rest, properties: others }
}

const valuesOf = (workflow: Resource) =>
  Object.entries((at(workflow, 'properties.parameters') ?? {}) as Record<string, { value?: unknown }>)

const addresses = (workflow: Resource): string[] =>
  valuesOf(workflow)
    .filter(([name, { value }]) => /Url$/.test(name) && !/^https:\/\//.test(String(value)))
    .map(([name]) => `parameter ${name} must begin with https://`)

/** Azure refuses a value for a parameter that the definition does not declare, and a run without one that it needs. */
function unmatched(workflow: Resource): string[] {
  const declared = (at(workflow, 'properties.definition.parameters') ?? {}) as Record<
    string,
    { defaultValue?: unknown }
  >
  const given = new Set(valuesOf(workflow).map(([name]) => name))
  return [
    ...[...given].filter((name) => !Object.hasOwn(declared, name)).map((name) => `parameter ${name} is not declared`),
    ...Object.entries(declared)
      .filter(([name, { defaultValue }]) => defaultValue === undefined && !given.has(name))
      .map(([name]) => `parameter ${name} is given no value`),
  ]
}
