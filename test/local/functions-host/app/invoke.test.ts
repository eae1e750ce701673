import { describe, expect, test } from 'vitest'
import { createCoreModule } from '../../../../local/functions-host/app/core-module.ts'
import type { CoreContext, ProgrammingModel } from '../../../../local/functions-host/app/core-types.ts'
import type { HookContext } from '../../../../local/functions-host/app/hooks.ts'
import { createInvoke } from '../../../../local/functions-host/app/invoke.ts'
import { createLogger } from '../../../../local/functions-host/log.ts'

/** The library's half, reduced to handing things on, so that the order and the hooks can be seen. */
function createModel(seen: CoreContext[]): ProgrammingModel {
  return {
    name: 'test',
    version: '0',
    getCapabilities: async (capabilities) => capabilities,
    getInvocationModel(context) {
      seen.push(context)
      return {
        getArguments: async () => ({ context: { id: context.invocationId }, inputs: ['input'] }),
        invokeFunction: async (_context, inputs, callback) => callback(...inputs),
        getResponse: async (_context, result) => ({ returnValue: { string: String(result) } }),
      }
    },
  }
}

function setUp(callback: (...args: unknown[]) => unknown) {
  const lines: string[] = []
  const contexts: CoreContext[] = []
  const core = createCoreModule(() => {})
  core.model = () => createModel(contexts)
  const invoke = createInvoke(
    core,
    createLogger({}, (line) => lines.push(line)),
  )
  const fn = { metadata: { name: 'fn', bindings: {} }, callback, scriptFile: 'x.ts' }
  return { core, contexts, lines, run: () => invoke({ fn, binding: 'trigger', input: { json: '{}' } }) }
}

const on = (core: ReturnType<typeof createCoreModule>, name: string, hook: (context: HookContext) => unknown) =>
  core.hooks.register(name, hook)

describe('an invocation', () => {
  test('gives the result of the handler; every call has its own id and an empty trace', async () => {
    const { run, contexts } = setUp((input) => `got ${input}`)
    expect(await run()).toEqual({ string: 'got input' })
    await run()
    expect(contexts[0]?.invocationId).not.toBe(contexts[1]?.invocationId)
    expect(contexts[0]?.request.traceContext).toEqual({ traceParent: '', traceState: '', attributes: {} })
  })

  test("rejects with the handler's error; undefined thrown is no error, as in the worker", async () => {
    await expect(setUp(() => Promise.reject(new Error('kaboom'))).run()).rejects.toThrow('kaboom')
    await expect(setUp(() => Promise.reject('text')).run()).rejects.toBe('text')
    expect(await setUp(() => Promise.reject(undefined)).run()).toEqual({ string: 'undefined' })
  })

  test('hooks before may replace the inputs and the handler, hooks after the result; they share their data', async () => {
    const { core, run } = setUp((input) => `got ${input}`)
    on(core, 'preInvocation', (context) => {
      context.hookData['seen'] = context['inputs']
      context['inputs'] = ['other']
      const handler = context['functionCallback'] as (...inputs: unknown[]) => unknown
      context['functionCallback'] = (...inputs: unknown[]) => `wrapped ${handler(...inputs)}`
    })
    on(core, 'postInvocation', (context) => {
      context['result'] = [context['result'], context.hookData['seen']].join(' after ')
    })
    expect(await run()).toEqual({ string: 'wrapped got other after input' })
  })

  test('a hook after may clear the error and write a result', async () => {
    const { core, run } = setUp(() => Promise.reject(new Error('kaboom')))
    on(core, 'postInvocation', (context) => {
      context['result'] = `rescued ${(context['error'] as Error).message}`
      context['error'] = null
    })
    expect(await run()).toEqual({ string: 'rescued kaboom' })
  })

  test('a hook that throws fails it; one that was disposed of does not run', async () => {
    const { core, run } = setUp(() => 'ok')
    const hook = on(core, 'preInvocation', () => Promise.reject(new Error('no')))
    await expect(run()).rejects.toThrow('no')
    hook.dispose()
    expect(await run()).toEqual({ string: 'ok' })
  })

  test('log hooks edit what the app logs and nothing else', async () => {
    const { core, run, contexts, lines } = setUp(() => 'ok')
    on(core, 'log', (context) => {
      context['message'] = `edited ${context['message']}`
      context['level'] = 'warning'
    })
    await run()
    contexts[0]?.log('information', 'user', 'mine')
    contexts[0]?.log('information', 'system', 'theirs')
    expect(lines.map((line) => line.replace(/^\S+ /, ''))).toEqual([
      '[warning] Function.fn.User: edited mine',
      '[information] Function.fn: theirs',
    ])
  })
})

test('the core module refuses unknown hooks, a name twice, and registering after the start', () => {
  const { core } = setUp(() => 'ok')
  const register = core.api['registerFunction'] as (metadata: object, callback: () => void) => unknown
  register({ name: 'a', bindings: {} }, () => {})
  expect(() => register({ name: 'a', bindings: {} }, () => {})).toThrow('already been registered')
  expect(() => on(core, 'nope', () => {})).toThrow(RangeError)
  core.lock()
  expect(() => register({ name: 'b', bindings: {} }, () => {})).toThrow('only be registered during app startup')
})
