import { randomUUID } from 'node:crypto'
import type { Logger } from '../log.ts'
import type { CoreModule, RegisteredFunction } from './core-module.ts'
import type { CoreContext, LogCategory, LogLevel, RetryContext, RpcData } from './core-types.ts'
import type { HookCallback } from './hooks.ts'

export type Call = {
  fn: RegisteredFunction
  /** Name of the trigger's binding. */
  binding: string
  input: RpcData
  retryContext?: RetryContext
}

export type Invoke = (call: Call) => Promise<RpcData | null | undefined>

/**
 * Runs one function in the worker's order (InvocationHandler.ts): arguments, preInvocation hooks (may replace inputs and
 * handler), handler, postInvocation hooks (may replace the result or clear the error), response. Rejects with the
 * handler's error; `undefined` thrown counts as no error, as in the worker.
 */
export function createInvoke(core: CoreModule, logger: Logger): Invoke {
  return async (call) => {
    const model = core.model()
    if (!model) throw new Error('no programming model was set')
    const coreContext = createContext(call, { core, logger })
    const invocation = model.getInvocationModel(coreContext)
    const { context, inputs } = await invocation.getArguments()
    invocationContexts.set(coreContext, context)

    const before = core.hooks.of('preInvocation')
    const after = core.hooks.of('postInvocation')
    const hookData = {}
    const pre = { hookData, invocationContext: context, functionCallback: call.fn.callback, inputs }
    if (before.length > 0) await runHooks(before, pre, { coreContext, state: 'preInvocationHooks' })

    const post = {
      hookData,
      invocationContext: context,
      inputs: pre.inputs,
      result: undefined,
      error: undefined,
    } as Post
    try {
      post.result = await invocation.invokeFunction(context, pre.inputs, pre.functionCallback)
    } catch (error) {
      post.error = error
    }
    if (after.length > 0) await runHooks(after, post, { coreContext, state: 'postInvocationHooks' })
    if (post.error !== undefined && post.error !== null) throw post.error
    return (await invocation.getResponse(context, post.result)).returnValue
  }
}

type Post = { hookData: object; invocationContext: unknown; inputs: unknown[]; result: unknown; error: unknown }
type Phase = { coreContext: CoreContext; state: CoreContext['state'] }

const invocationContexts = new WeakMap<CoreContext, unknown>()

async function runHooks(hooks: readonly HookCallback[], context: object, { coreContext, state }: Phase): Promise<void> {
  coreContext.state = state
  try {
    for (const hook of [...hooks]) await hook(context as Parameters<HookCallback>[0])
  } finally {
    coreContext.state = undefined
  }
}

function createContext(call: Call, { core, logger }: { core: CoreModule; logger: Logger }): CoreContext {
  const { name } = call.fn.metadata
  const coreContext: CoreContext = {
    invocationId: randomUUID(),
    request: {
      inputData: [{ name: call.binding, data: call.input }],
      triggerMetadata: {},
      traceContext: { traceParent: '', traceState: '', attributes: {} },
      ...(call.retryContext && { retryContext: call.retryContext }),
    },
    metadata: call.fn.metadata,
    state: undefined,
    log: (level, category, message) => {
      const entry = throughLogHooks(core, {
        level,
        category,
        message,
        invocationContext: invocationContexts.get(coreContext),
      })
      const logCategory = category === 'user' ? `Function.${name}.User` : `Function.${name}`
      if (logger.enabled(entry.level, logCategory)) logger.write(entry.level, logCategory, entry.message)
    },
  }
  return coreContext
}

type LogEntry = { level: LogLevel; category: LogCategory; message: string; invocationContext: unknown }

/** Log hooks may edit what the app itself logs, nothing else. */
export function throughLogHooks(core: CoreModule, entry: LogEntry): LogEntry {
  const hooks = core.hooks.of('log')
  if (hooks.length === 0) return entry
  const edited = { ...entry, hookData: {} }
  for (const hook of hooks) hook(edited)
  return entry.category === 'user' ? edited : entry
}
