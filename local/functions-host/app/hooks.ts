import { Disposable } from './disposable.ts'

const HOOK_NAMES = ['appStart', 'appTerminate', 'preInvocation', 'postInvocation', 'log'] as const

export type HookName = (typeof HOOK_NAMES)[number]
export type HookContext = { hookData: Record<string, unknown> } & Record<string, unknown>
export type HookCallback = (context: HookContext) => unknown

export type Hooks = {
  register(name: string, callback: HookCallback): Disposable
  /** Registered callbacks in order; the empty list is the usual case and costs nothing. */
  of(name: HookName): readonly HookCallback[]
  /** Runs them one after the other; the first that throws ends it. */
  run(name: HookName, context: HookContext): Promise<void>
}

/** Keeps the app's hooks. An unknown name throws the RangeError that the worker throws. */
export function createHooks(): Hooks {
  const registered = new Map<string, HookCallback[]>(HOOK_NAMES.map((name) => [name, []]))

  return {
    register(name, callback) {
      const list = registered.get(name)
      if (!list) {
        throw Object.assign(new RangeError(`Unrecognized hook "${name}"`), { isAzureFunctionsSystemError: true })
      }
      list.push(callback)
      return new Disposable(() => {
        const index = list.indexOf(callback)
        if (index >= 0) list.splice(index, 1)
      })
    },
    of: (name) => registered.get(name) ?? [],
    async run(name, context) {
      for (const callback of [...(registered.get(name) ?? [])]) await callback(context)
    },
  }
}
