import { describe, expect, it } from 'vitest'
import type { RunnerDeps } from '../../../local/logic-apps/run/deps.ts'
import { runWorkflow } from '../../../local/logic-apps/run/run-workflow.ts'
import type { Incoming, Outgoing } from '../../../local/logic-apps/run/send.ts'

// What the runner does as documented of Logic Apps; the samples run against the gateway in samples.test.ts.

const AFTER = (statuses: string[], ...names: string[]) => Object.fromEntries(names.map((name) => [name, statuses]))
const OK = ['Succeeded']
const compose = (inputs: unknown, ...after: string[]) => ({ type: 'Compose', inputs, runAfter: AFTER(OK, ...after) })
const http = (more: object = {}) => ({
  type: 'Http',
  inputs: {
    ...{ method: 'POST', uri: 'https://gateway.example.com/v1/a', body: { a: 1 } },
    authentication: { type: 'ManagedServiceIdentity', audience: 'api://gateway' },
    retryPolicy: { type: 'fixed', count: 3, interval: 'PT10S' },
  },
  runAfter: {},
  ...more,
})

const definition = (actions: object, more: object = {}) => ({
  $schema: 'https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#',
  contentVersion: '1.0.0.0',
  triggers: { Daily: { type: 'Recurrence', recurrence: { frequency: 'Day', interval: 1 } } },
  actions,
  ...more,
})

/** A run whose requests are answered from a list, the last for ever. */
async function run(actions: object, answers: (Partial<Incoming> | 'none')[] = [], more: Partial<RunnerDeps> = {}) {
  const sent: Outgoing[] = []
  const waits: number[] = []
  let now = 0
  const deps: RunnerDeps = {
    send: async (outgoing) => {
      sent.push(outgoing)
      const answer = answers[Math.min(sent.length, answers.length) - 1] ?? 'none'
      if (answer === 'none') throw new Error('no answer')
      return { status: 200, headers: {}, body: {}, ...answer }
    },
    token: async (audience) => `token-of-${audience}`,
    now: () => now,
    wait: async (ms) => {
      waits.push(ms)
      now += ms
    },
    ...{ authenticatePolls: true, random: () => 0.5, ...more },
  }
  const record = await runWorkflow(definition(actions), { parameters: {} }, deps)
  if (!record) throw new Error('no run')
  const statuses = Object.fromEntries(Object.entries(record.actions).map(([name, { status }]) => [name, status]))
  return { record, statuses, sent, waits }
}

describe('steps', () => {
  it('hand on what they gave, variables what they hold', async () => {
    const made = {
      type: 'InitializeVariable',
      inputs: { variables: [{ name: 'v', type: 'string', value: 'a' }] },
      runAfter: {},
    }
    const set = { type: 'SetVariable', inputs: { name: 'v', value: "@{variables('v')}b" }, runAfter: AFTER(OK, 'Make') }
    const parse = {
      ...{ type: 'ParseJson', runAfter: AFTER(OK, 'Set') },
      inputs: {
        content: '{"list":[1,2]}',
        schema: { type: 'object', properties: { list: { type: 'array', items: { type: 'integer' } } } },
      },
    }
    const last = compose("@concat(variables('v'), body('Parse')['list'][1])", 'Parse')
    const { record } = await run({ Make: made, Set: set, Parse: parse, Last: last })
    expect(record).toMatchObject({ status: 'Succeeded', actions: { Last: { outputs: 'ab2' } } })
  })

  it('are skipped after an ending they do not name, with all inside; the last ones decide how the run ended', async () => {
    const bad = compose("@json('{')")
    const inner = { type: 'Scope', actions: { Inner: compose(1) }, runAfter: AFTER(OK, 'Bad') }
    const failed = await run({ Bad: bad, Then: inner })
    expect(failed.statuses).toEqual({ Bad: 'Failed', Then: 'Skipped', Inner: 'Skipped' })
    expect(failed.record).toMatchObject({ status: 'Failed', actions: { Bad: { code: 'InvalidTemplate' } } })
    const caught = await run({ Bad: bad, Catch: { ...compose(1), runAfter: AFTER(['Failed'], 'Bad') } })
    expect(caught.record.status).toBe('Succeeded')
  })

  it('take one branch, and end the run where they say so', async () => {
    const end = { type: 'Terminate', inputs: { runStatus: 'Cancelled' }, runAfter: {} }
    const branch = (expression: unknown) => ({
      If: { type: 'If', expression, actions: { Yes: compose(1) }, else: { actions: { No: end } }, runAfter: {} },
      After: compose(1, 'If'),
    })
    const condition = { and: [{ greater: [2, 1] }, { not: { contains: ['abc', 'd'] } }] }
    expect(await run(branch(condition))).toMatchObject({
      statuses: { If: 'Succeeded', Yes: 'Succeeded', No: 'Skipped', After: 'Succeeded' },
    })
    const ended = await run(branch('@equals(1, 2)'))
    expect(ended.statuses).toMatchObject({ Yes: 'Skipped', After: 'Skipped' })
    expect(ended.record.status).toBe('Cancelled')
  })
})

describe('Http', () => {
  it('repeats what had no answer and 5xx with the same bytes, and never 4xx', async () => {
    const { record, sent, waits } = await run({ Call: http() }, ['none', { status: 502 }, { status: 200 }])
    expect(record.actions['Call']).toMatchObject({
      status: 'Succeeded',
      retryHistory: [{ code: 'NoAnswer' }, { code: '502' }],
    })
    expect(waits).toEqual([10_000, 10_000])
    expect(new Set(sent.map((one) => JSON.stringify(one))).size).toBe(1)
    expect(sent[0]?.headers).toMatchObject({ Authorization: 'Bearer token-of-api://gateway' })
    expect((await run({ Call: http() }, [{ status: 404 }])).sent).toHaveLength(1)
    expect((await run({ Call: http() }, [{ status: 503 }])).sent).toHaveLength(4)
  })

  const POLLED = { status: 202, headers: { location: '/v1/a/1', 'retry-after': '7' } }

  it('polls Location until it is not 202, within its limit', async () => {
    const done = await run({ Call: http() }, [
      POLLED,
      { ...POLLED, headers: { location: '/v1/a/2' } },
      { body: 'over' },
    ])
    expect(done.sent.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
      ...['POST /v1/a', 'GET /v1/a/1', 'GET /v1/a/2'],
    ])
    expect(done.waits).toEqual([7_000, 20_000])
    expect(done.record.actions['Call']?.outputs).toMatchObject({ statusCode: 200, body: 'over' })
    const never = await run({ Call: http({ limit: { timeout: 'PT1M' } }) }, [POLLED])
    expect(never.statuses).toEqual({ Call: 'TimedOut' })
    expect(never.sent).toHaveLength(9)
  })

  it('sends no token to where a Location leads elsewhere', async () => {
    const elsewhere = { status: 202, headers: { location: 'https://evil.example.com/v1/a' } }
    expect((await run({ Call: http() }, [elsewhere])).sent).toHaveLength(1)
  })

  it('shows no secured content, and never what is in Authorization', async () => {
    const raw = { ...http().inputs, authentication: { type: 'Raw', value: 'Bearer of-somebody' } }
    const open = await run({ Call: { ...http(), inputs: raw } }, [{ body: { value: 'kept-secret' } }])
    expect(JSON.stringify(open.record)).toContain('kept-secret')
    expect(JSON.stringify(open.record)).not.toContain('of-somebody')
    const secured = { runtimeConfiguration: { secureData: { properties: ['outputs'] } } }
    const hidden = await run({ Call: { ...http(secured), inputs: raw } }, [{ body: { value: 'kept-secret' } }])
    expect(JSON.stringify(hidden.record)).not.toContain('kept-secret')
  })
})

it('refuses parameters that a deployment would refuse', async () => {
  const parameters = { a: { type: 'String' } }
  const start = (given: Record<string, unknown>) =>
    runWorkflow(definition({ A: compose(1) }, { parameters }), { parameters: given }, {} as RunnerDeps)
  await expect(start({})).rejects.toThrow('parameter a is given no value')
  await expect(start({ a: 'x', b: 'y' })).rejects.toThrow('parameter b is not declared')
  await expect(runWorkflow({}, { parameters: {} }, {} as RunnerDeps)).rejects.toThrow('$schema')
})
