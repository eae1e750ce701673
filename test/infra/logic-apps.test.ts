import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { judgeWorkflows } from '../../local/infra/rules/logic-apps.ts'
import { ofType } from '../../local/infra/rules/rule.ts'
import { predictedWorkflows } from '../../local/infra/sample-workflows.ts'
import type { Resource, Snapshot } from '../../local/infra/snapshot.ts'
import { requestsOf } from '../../local/logic-apps/check/gateway-calls.ts'
import { asWorkflow } from '../../local/logic-apps/run/run-workflow.ts'
import { readSample, SAMPLE_FILES } from '../../local/logic-apps/samples.ts'
import { stepsOf } from '../../local/logic-apps/steps.ts'
import { repositoryRoot } from '../../local/repository-root.ts'
import { parseDocument } from '../../shared/policy/documents/document.ts'
import { routeOf } from '../support/workflows/gateway-server.ts'
import { policyOf } from '../support/workflows/rig.ts'

// infra.md, last paragraph: the samples as Bicep modules, and what a deployment would create of each.

const folder = join(repositoryRoot, 'infra/logic-apps')
const SAMPLES = [...new Set(SAMPLE_FILES.map((file) => file.split('/')[0] ?? ''))]

describe('what a deployment of a sample would create', () => {
  it.each(predictedWorkflows())('keeps every rule: %s', (_, snapshot) => {
    expect(judgeWorkflows(snapshot)).toEqual([])
  })

  it('is predicted for every definition, each as it is in its file', () => {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
      /workflow.*\.json$/.test(path),
    )
    expect(files.map((path) => path.replaceAll('\\', '/')).sort()).toEqual([...SAMPLE_FILES].sort())
    const deployed = predictedWorkflows().flatMap(([, snapshot]) =>
      ofType(snapshot, TYPE).map(({ properties }) => JSON.stringify(properties?.['definition'])),
    )
    for (const file of SAMPLE_FILES) expect(deployed).toContain(JSON.stringify(readSample(file)))
  })
})

const TYPE = 'Microsoft.Logic/workflows'
function workflowOf({ predictedResources }: Snapshot): Resource {
  const found = predictedResources.find(({ type }) => type === TYPE)
  if (!found) throw new Error('no workflow')
  return found
}

const properties = (snapshot: Snapshot) => workflowOf(snapshot).properties as Record<string, Record<string, unknown>>
const without = (gone: (resource: Resource) => boolean) => (snapshot: Snapshot) => {
  snapshot.predictedResources = snapshot.predictedResources.filter((resource) => !gone(resource))
}

describe('the rules turn red', () => {
  it.each<[string, (snapshot: Snapshot) => void, RegExp]>([
    ['no identity', (all) => delete workflowOf(all)['identity'], /identity\.type/],
    ['no diagnostics', without(({ type }) => type.endsWith('diagnosticSettings')), /no diagnostic setting/],
    ['no workflow', without(({ type }) => type === TYPE), /no workflow/],
    ['a secret in an output', (all) => Object.assign(all.outputs ?? {}, { callbackUrl: 'x' }), /output callbackUrl/],
    ['no principalId', (all) => delete all.outputs?.['principalId'], /no output principalId/],
    [
      'http to the gateway',
      (all) => Object.assign(properties(all)['parameters'] ?? {}, { gatewayUrl: { value: 'http://a' } }),
      /gatewayUrl must begin with https/,
    ],
    [
      'a parameter that is not declared',
      (all) => Object.assign(properties(all)['parameters'] ?? {}, { other: { value: 1 } }),
      /other is not declared/,
    ],
    [
      'a parameter without a value',
      (all) => delete properties(all)['parameters']?.['audience'],
      /audience is given no/,
    ],
    [
      'a workflow that lost its secureData',
      ({ predictedResources }) => {
        const text = JSON.stringify(predictedResources).replaceAll(
          /,"runtimeConfiguration":\{"secureData":[^}]*\}\}/g,
          '',
        )
        predictedResources.splice(0, predictedResources.length, ...(JSON.parse(text) as Resource[]))
      },
      /secureData/,
    ],
  ])('%s', (_, change, says) => {
    for (const [, snapshot] of predictedWorkflows()) {
      change(snapshot)
      expect(judgeWorkflows(snapshot).join('\n')).toMatch(says)
    }
  })
})

describe.each(SAMPLES)('%s', (sample) => {
  it('has policies that the gateway takes, with the placeholder that the README replaces', () => {
    const objectId = '0d0d0d0d-0d0d-4d0d-8d0d-0d0d0d0d0d0d'
    const documents = policyOf(sample, { tenant: '11111111-1111-4111-8111-111111111111', objectId })
    for (const document of documents) expect(parseDocument(document)).toMatchObject({ ok: true })
    expect(JSON.stringify(documents)).toContain(objectId)
    expect(JSON.stringify(documents)).not.toContain('00000000-0000-0000-0000-000000000000')
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(`${sample}/policy.json`)
  })
})

it.each(SAMPLE_FILES.filter((file) => !file.includes('renew')))(
  '%s calls paths and methods that the gateway has',
  (file) => {
    const calls = stepsOf(asWorkflow(readSample(file))).flatMap((step) =>
      requestsOf(step).map(({ request }) => request),
    )
    const own = calls.filter(({ uri }) => uri.startsWith("@{parameters('gatewayUrl')}"))
    expect(own.length).toBeGreaterThan(0)
    for (const { uri, method } of own) {
      const path = uri.replace("@{parameters('gatewayUrl')}", '').replace("@{parameters('item')}", 'main/a')
      expect(routeOf(path.replaceAll(/@\{[^}]*\}/g, 'a'))?.endpoint.methods).toHaveProperty(method)
    }
  },
)
