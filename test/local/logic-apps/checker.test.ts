import { describe, expect, it } from 'vitest'
import { checkWorkflow } from '../../../local/logic-apps/check/check.ts'
import { checkFiles } from '../../../local/logic-apps/check-files.ts'
import { evaluateAll } from '../../../local/logic-apps/expressions/evaluate.ts'
import { ExpressionError } from '../../../local/logic-apps/expressions/expression.ts'
import { readSample } from '../../../local/logic-apps/samples.ts'

const AFTER = (...names: string[]) => Object.fromEntries(names.map((name) => [name, ['Succeeded']]))
const both = { runtimeConfiguration: { secureData: { properties: ['inputs', 'outputs'] } } }
const inputsOnly = { runtimeConfiguration: { secureData: { properties: ['inputs'] } } }

const secret = {
  type: 'Http',
  inputs: {
    method: 'GET',
    uri: "@{parameters('gatewayUrl')}/v1/secrets/main/a",
    authentication: { type: 'ManagedServiceIdentity', audience: "@parameters('audience')" },
    retryPolicy: { type: 'none' },
  },
  runAfter: {},
  ...both,
}
const compose = (inputs: unknown, after: string, more: object = {}) => ({
  ...{ type: 'Compose', inputs, runAfter: AFTER(after) },
  ...more,
})

const workflow = (actions: object, more: object = {}) => ({
  $schema: 'https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#',
  contentVersion: '1.0.0.0',
  parameters: { gatewayUrl: { type: 'String' }, audience: { type: 'String' } },
  triggers: { Daily: { type: 'Recurrence', recurrence: { frequency: 'Day', interval: 1 } } },
  actions,
  ...more,
})
const found = (actions: object, more: object = {}) =>
  checkWorkflow(workflow(actions, more)).map(({ rule, step }) => `${rule} ${step}`)

describe('taint', () => {
  const VALUE = "@body('Get')?['value']"

  it('goes through Compose, whose consumers Azure does not hide', () => {
    const copied = compose(VALUE, 'Get', inputsOnly)
    expect(found({ Get: secret, Copy: copied })).toEqual([])
    expect(found({ Get: secret, Copy: compose(VALUE, 'Get') })).toEqual(['taint Copy'])
    expect(found({ Get: secret, Copy: copied, Again: compose("@{outputs('Copy')}", 'Copy') })).toEqual(['taint Again'])
  })

  it('goes through ParseJson and functions', () => {
    const parsed = { type: 'ParseJson', inputs: { content: VALUE, schema: {} }, runAfter: AFTER('Get'), ...inputsOnly }
    const user = compose("@{toLower(concat('x', body('Parse')?['a']))}", 'Parse')
    expect(found({ Get: secret, Parse: parsed, Use: user })).toEqual(['taint Use'])
  })

  it('refuses variables, conditions and messages, which cannot be secured', () => {
    const set = { type: 'SetVariable', inputs: { name: 'v', value: VALUE }, runAfter: AFTER('Get') }
    const make = { type: 'InitializeVariable', inputs: { variables: [{ name: 'v', type: 'string' }] }, runAfter: {} }
    const get = { ...secret, runAfter: AFTER('Make') }
    const use = compose("@variables('v')", 'Set')
    expect(found({ Make: make, Get: get, Set: set, Use: use })).toEqual(['secret-shown Set', 'taint Use'])
    const branch = { type: 'If', expression: { equals: [VALUE, 'a'] }, actions: {}, runAfter: AFTER('Get') }
    expect(found({ Get: secret, Branch: branch })).toEqual(['secret-shown Branch'])
    const end = { type: 'Terminate', inputs: { runStatus: 'Failed', runError: { message: `it is @{body('Get')}` } } }
    expect(found({ Get: secret, End: { ...end, runAfter: AFTER('Get') } })).toEqual(['secret-shown End'])
  })

  it('is in the result() of a scope that holds a secured action', () => {
    const scope = { type: 'Scope', actions: { Get: secret }, runAfter: {} }
    expect(found({ Try: scope, Look: compose("@result('Try')", 'Try') })).toEqual(['taint Look'])
  })

  it('comes from secured triggers, secret parameters and callback URLs', () => {
    const request = { type: 'Request', kind: 'Http', inputs: {}, ...both }
    const body = { type: 'Compose', inputs: '@triggerBody()', runAfter: {} }
    expect(found({ Body: body }, { triggers: { Called: request } })).toEqual(['taint Body'])
    const parameters = { key: { type: 'SecureString' } }
    const key = { type: 'Compose', inputs: "@parameters('key')", runAfter: {} }
    expect(found({ Key: key }, { parameters })).toEqual(['taint Key'])
    const sample = readSample('on-secret-rotated/workflow.json') as { triggers: { [name: string]: object } }
    const [name = '', trigger] = Object.entries(sample.triggers)[0] ?? []
    sample.triggers[name] = { ...trigger, runtimeConfiguration: undefined }
    expect(checkWorkflow(sample).map(({ rule }) => rule)).toContain('taint')
  })

  it('is not in how a step ended', () => {
    const end = { type: 'Terminate', runAfter: { Get: ['Failed'] } }
    const message = "@{outputs('Get')?['statusCode']} @{actions('Get')['status']}"
    expect(found({ Get: secret, End: { ...end, inputs: { runStatus: 'Failed', runError: { message } } } })).toEqual([])
  })

  it('refuses a secret in the address of somebody else', () => {
    const inputs = { method: 'GET', uri: `https://api.example.com/?key=@{body('Get')['value']}` }
    const call = {
      type: 'Http',
      inputs: { ...inputs, authentication: { type: 'Raw', value: "@{body('Get')['value']}" } },
    }
    const whole = {
      ...call,
      inputs: { ...call.inputs, retryPolicy: { type: 'none' } },
      runAfter: AFTER('Get'),
      ...both,
    }
    expect(found({ Get: secret, Call: whole })).toEqual(['secret-in-address Call'])
  })

  const toGateway = (uri: string, more: object = {}) => ({
    ...secret,
    inputs: { ...secret.inputs, uri, ...more },
    runAfter: AFTER('Get'),
  })

  it('refuses a value in the address of the gateway too; an id may stand there', () => {
    const of = (member: string) => `@{parameters('gatewayUrl')}/v1/handles/@{${member}}`
    expect(found({ Get: secret, Ask: toGateway(of("body('Get')?['id']")) })).toEqual([])
    expect(found({ Get: secret, Ask: toGateway(of("encodeUriComponent(body('Get')['id'])")) })).toEqual([])
    expect(found({ Get: secret, Ask: toGateway(of("body('Get')['value']")) })).toEqual(['secret-in-address Ask'])
    const queries = { queries: { value: VALUE } }
    expect(found({ Get: secret, Ask: toGateway("@{parameters('gatewayUrl')}/v1/audit", queries) })).toEqual([
      'secret-in-address Ask',
    ])
  })

  it('is not lost under the name of a status code', () => {
    const hidden = compose({ statusCode: VALUE }, 'Get', inputsOnly)
    expect(found({ Get: secret, Hidden: hidden, Use: compose("@outputs('Hidden')['statusCode']", 'Hidden') })).toEqual([
      'taint Use',
    ])
  })

  it('refuses a token for the gateway that is sent to somebody else', () => {
    expect(found({ Get: secret, Ask: toGateway('https://api.example.com/') })).toEqual(['token-elsewhere Ask'])
  })

  it('refuses a secret that is written down', () => {
    const raw = toGateway('https://api.example.com/', { authentication: { type: 'Raw', value: 'Bearer abc' } })
    expect(found({ Get: secret, Ask: raw })).toEqual(['secret-written Ask'])
  })

  it('refuses a key for repeats that no run changes', () => {
    const post = (key: string) =>
      toGateway("@{parameters('gatewayUrl')}/v1/handles", { method: 'POST', headers: { 'Idempotency-Key': key } })
    expect(found({ Get: secret, Ask: post("@{parameters('audience')}-Ask") })).toEqual(['idempotency-key Ask'])
    expect(found({ Get: secret, Ask: post('@@{guid()}') })).toEqual(['idempotency-key Ask'])
    expect(found({ Get: secret, Ask: post("@{workflow()['run']['name']}-Ask") })).toEqual([])
  })

  it('refuses a default of a secret parameter', () => {
    const parameters = { key: { type: 'securestring', defaultValue: 'x' } }
    expect(found({ A: { type: 'Compose', inputs: 1, runAfter: {} } }, { parameters })).toEqual([
      'secret-default workflow',
    ])
  })
})

describe('the graph', () => {
  const plain = (...after: string[]) => ({ type: 'Compose', inputs: 1, runAfter: AFTER(...after) })

  it('refuses circles, and names of another scope, and names twice', () => {
    expect(found({ A: plain('B'), B: plain('A'), C: plain() })).toEqual(['cycle A', 'cycle B'])
    expect(found({ A: plain('A') })).toEqual(['cycle A'])
    const scope = { type: 'Scope', actions: { Inner: plain() }, runAfter: {} }
    expect(found({ Scope: scope, B: plain('Inner') })).toEqual(['run-after B'])
    expect(found({ Scope: scope, inner: plain() })).toEqual(['name inner'])
  })

  it('lets an expression refer to what has run, inside an earlier scope too, and to nothing else', () => {
    const scope = { type: 'Scope', actions: { Inner: plain() }, runAfter: {} }
    expect(found({ Scope: scope, B: compose("@outputs('Inner')", 'Scope') })).toEqual([])
    expect(found({ A: plain(), B: compose("@outputs('C')", 'A'), C: compose(1, 'B') })).toEqual(['expression B'])
    expect(found({ A: compose("@outputs('A')", 'B'), B: plain() })).toEqual(['expression A'])
    expect(found({ A: plain(), B: compose("@outputs(concat('A', ''))", 'A') })).toEqual(['expression B'])
    expect(found({ A: plain(), B: compose("@variables('v')", 'A') })).toEqual(['expression B'])
    expect(found({ A: plain(), B: compose('@triggerBody()', 'A') })).toEqual(['expression B'])
    expect(found({ A: plain(), B: compose('@listCallbackUrl()', 'A') })).toEqual(['expression B', 'taint B'])
    expect(found({ A: plain(), B: compose({ "@{body('C')}": 1 }, 'A') })).toEqual(['expression B'])
  })
})

describe('expressions', () => {
  const look = (name: string, [argument]: readonly unknown[]) =>
    name === 'parameters' ? { a: 1, text: "it's", list: ['x', 'y'] }[String(argument)] : { body: { deep: null } }
  const value = (text: string) => evaluateAll(text, look)

  it.each([
    ['plain', 'plain'],
    ['', ''],
    ["@parameters('a')", 1],
    ["@{parameters('a')}", '1'],
    ["n = @{parameters('a')}, @{parameters('text')}", "n = 1, it's"],
    ["@@parameters('a')", "@parameters('a')"],
    ["mail@example.com @@{parameters('a')}", "mail@example.com @{parameters('a')}"],
    ["@concat('a''b', '}', 1, true, null)", "a'b}1true"],
    ["@{concat('}', '@{')}!", '}@{!'],
    ["@last(parameters('list'))", 'y'],
    ["@parameters('list')[0]", 'x'],
    ["@outputs('x')?['body']?.deep?['deeper']", null],
    ['@if(equals(1, 1), Not(false), false)', true],
    ['@greaterOrEquals(-1.5, -2)', true],
  ])('%s', (text, wanted) => {
    expect(value(text)).toEqual(wanted)
  })

  it.each([
    '@',
    "@concat('a'",
    "@concat('a)",
    "@concat('a') b",
    '@{concat(1)',
    '@name',
    "@outputs('x')['none']",
    "@outputs('x').body.deep.deeper",
    '@concat(1,)',
    `@${'not('.repeat(60)}true${')'.repeat(60)}`,
  ])('refuses %s', (text) => {
    expect(() => value(text)).toThrow(ExpressionError)
  })

  it('are refused with the step, where they stand, and what to do', () => {
    const actions = { A: { type: 'Compose', inputs: { deep: ["@base64(parameters('none'))"] }, runAfter: {} } }
    expect(checkWorkflow(workflow(actions))).toEqual([
      {
        ...{ rule: 'expression', step: 'A', pointer: '/actions/A/inputs/deep/0' },
        message: 'there is no function `base64()` among those allowed: use another',
      },
      {
        ...{ rule: 'expression', step: 'A', pointer: '/actions/A/inputs/deep/0' },
        message: 'there is no parameter `none`: declare it',
      },
    ])
  })

  it('what is not in the subset is refused, not passed over', () => {
    const odd = { A: { type: 'Compose', inputs: 1, runAfter: {}, trackedProperties: { a: '@outputs()' } } }
    expect(found(odd)).toEqual(['shape A'])
    expect(found({ A: { type: 'JavaScriptCode', inputs: {}, runAfter: {} } })).toEqual(['shape A'])
    expect(checkWorkflow('no')).toHaveLength(1)
  })
})

describe('npm run workflows', () => {
  it('says ok of the samples, and of other files what is wrong', () => {
    expect(checkFiles([])).toMatchObject({ isClean: true })
    const { lines, isClean } = checkFiles(['package.json', 'no-such-file.json', 'README.md'])
    expect(isClean).toBe(false)
    expect(lines.filter((line) => line.endsWith(': refused'))).toHaveLength(3)
    expect(lines).toContain('  cannot be read (ENOENT)')
    expect(lines).toContain('  is not JSON')
  })
})
