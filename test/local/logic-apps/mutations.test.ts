import { describe, expect, it } from 'vitest'
import { checkWorkflow } from '../../../local/logic-apps/check/check.ts'
import { readSample, SAMPLE_FILES } from '../../../local/logic-apps/samples.ts'

// Issue 7: "a workflow that lost a `secureData` is refused by the checker", and so is every other loss.

type Json = { [name: string]: unknown }
type Mutation = { what: string; rules: string[]; at: string; definition: unknown }

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null

/** Every place in a definition, with the name of the step it belongs to. */
function* places(
  value: unknown,
  path: string[] = [],
  step = '',
): Generator<{ path: string[]; value: unknown; step: string }> {
  yield { path, value, step }
  if (!isObject(value)) return
  for (const [name, one] of Object.entries(value)) {
    const isStep = ['actions', 'triggers'].includes(path.at(-1) ?? '')
    yield* places(one, [...path, name], isStep ? name : step)
  }
}

/** The definition with another value at a place; undefined removes it. */
function changed(definition: unknown, path: readonly string[], value: unknown): unknown {
  const copy = structuredClone(definition)
  const holder = path.slice(0, -1).reduce<unknown>((at, name) => (at as Json)[name], copy) as Json
  const last = path.at(-1) ?? ''
  if (value === undefined) delete holder[last]
  else holder[last] = value
  return copy
}

const SECURE = ['secure-data', 'taint']
const MUTATIONS: Record<string, (value: unknown) => { what: string; rules: string[]; value?: unknown }[]> = {
  runtimeConfiguration: () => [{ what: 'without secureData', rules: SECURE }],
  properties: (value) =>
    Array.isArray(value) && ['inputs', 'outputs'].includes(String(value[0]))
      ? value.map((gone) => {
          const rest = value.filter((one) => one !== gone)
          return { what: `without "${gone}"`, rules: [...SECURE, 'shape'], value: rest }
        })
      : [],
  retryPolicy: () => [{ what: 'without retryPolicy', rules: ['retry-policy'] }],
  authentication: () => [{ what: 'without authentication', rules: ['authentication'] }],
  audience: (value) =>
    value === "@parameters('audience')"
      ? [{ what: 'with the audience of ARM', rules: ['audience'], value: 'https://management.azure.com/' }]
      : [],
  uri: (value) => [
    {
      what: 'by http',
      rules: ['https'],
      value: String(value).replace(/^@\{parameters\('\w+'\)\}/, 'http://example.com'),
    },
    { what: 'to a computed host', rules: ['https'], value: `@{toLower(workflow()['run']['name'])}${value}` },
    { what: 'to an unknown parameter', rules: ['expression'], value: `@{parameters('nowhere')}/v1` },
  ],
  'Idempotency-Key': () => [
    { what: 'without Idempotency-Key', rules: ['idempotency-key'] },
    { what: 'with the same key for ever', rules: ['idempotency-key'], value: 'once' },
  ],
  runAfter: (value) => [
    { what: 'after nobody', rules: ['run-after'], value: { ...(value as Json), Nobody: ['Succeeded'] } },
    { what: 'after an ending that is none', rules: ['shape'], value: { Nobody: ['Done'] } },
  ],
  message: (value) => [
    {
      what: 'with the answer in its message',
      rules: ['secret-shown'],
      value: String(value).replace(/outputs\('(\w+)'\)\?\['statusCode'\]/, "body('$1')"),
    },
  ],
}

function mutationsOf(definition: unknown): Mutation[] {
  return [...places(definition)].flatMap(({ path, value, step }) => {
    // Keys for repeats are asked for in calls to the gateway alone.
    const isOfGateway = (JSON.stringify(stepIn(definition, step)) ?? '').includes("parameters('gatewayUrl')")
    return (MUTATIONS[path.at(-1) ?? '']?.(value) ?? [])
      .filter(({ rules }) => isOfGateway || !rules.includes('idempotency-key'))
      .map((one) => ({
        ...{ what: `${step} ${one.what}`, rules: one.rules, at: step },
        definition: changed(definition, path, one.value),
      }))
  })
}

const stepIn = (definition: unknown, step: string): unknown =>
  [...places(definition)].find(({ path }) => path.at(-1) === step && path.length > 1)?.value

describe.each(SAMPLE_FILES)('%s', (file) => {
  const mutations = mutationsOf(readSample(file))

  it('is clean, and loses enough to be a test', () => {
    expect(checkWorkflow(readSample(file))).toEqual([])
    expect(mutations.length).toBeGreaterThan(15)
  })

  it('is refused after each loss, at the step that lost it, with a pointer and what to do (T45)', () => {
    const missed = mutations.filter(({ rules, at, definition }) => {
      const found = checkWorkflow(definition).filter((one) => rules.includes(one.rule) && one.step === at)
      return !found.some(({ pointer, message }) => pointer.includes(`/${at}`) && message.length > 20)
    })
    expect(missed.map(({ what }) => what)).toEqual([])
  })
})
