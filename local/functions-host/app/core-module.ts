import { Module } from 'node:module'
import type { FunctionCallback, FunctionMetadata, LogCategory, LogLevel, ProgrammingModel } from './core-types.ts'
import { Disposable } from './disposable.ts'
import { createHooks, type HookCallback, type Hooks } from './hooks.ts'

export const EMULATED_HOST_VERSION = '4.1037.0.0'

const CORE_MODULE = '@azure/functions-core'

export type RegisteredFunction = { metadata: FunctionMetadata; callback: FunctionCallback; scriptFile: string }

export type CoreModule = {
  /** What `require('@azure/functions-core')` gives to the library. */
  api: Record<string, unknown>
  functions: ReadonlyMap<string, RegisteredFunction>
  hooks: Hooks
  /** Shared by the appStart and appTerminate hooks. */
  appHookData: Record<string, unknown>
  model(): ProgrammingModel | undefined
  /** The file that is being loaded: what registers now is shown as its. */
  loading(scriptFile: string): void
  /** Ends start-up: registering throws from now on. */
  lock(): void
}

type SystemLog = (level: LogLevel, category: LogCategory, message: string) => void

/** The runtime's half of the programming model (worker: setupCoreModule.ts), in this process. */
export function createCoreModule(log: SystemLog): CoreModule {
  const functions = new Map<string, RegisteredFunction>()
  const hooks = createHooks()
  let model: ProgrammingModel | undefined
  let locked = false
  let scriptFile = ''

  const api = {
    version: '3.12.0',
    hostVersion: EMULATED_HOST_VERSION,
    registerFunction(metadata: FunctionMetadata, callback: FunctionCallback) {
      if (locked) throw systemError('A function can only be registered during app startup.')
      if (functions.has(metadata.name)) {
        throw systemError(`A function with name "${metadata.name}" has already been registered.`)
      }
      functions.set(metadata.name, { metadata, callback, scriptFile })
      return new Disposable(() => functions.delete(metadata.name))
    },
    registerHook: (name: string, callback: HookCallback) => hooks.register(name, callback),
    setProgrammingModel(next: ProgrammingModel) {
      model = next
    },
    getProgrammingModel: () => model,
    log,
    Disposable,
  }

  return {
    api,
    functions,
    hooks,
    appHookData: {},
    model: () => model,
    loading(file) {
      scriptFile = file
    },
    lock() {
      locked = true
    },
  }
}

/**
 * Answers `require('@azure/functions-core')` everywhere in this process.
 * INVARIANT: before the app loads; the library asks once and keeps the answer, even "there is none".
 */
export function provideCoreModule(api: Record<string, unknown>): void {
  const original = Module.prototype.require
  Module.prototype.require = Object.assign(function (this: Module, id: string): unknown {
    return id === CORE_MODULE ? api : original.call(this, id)
  }, original)
}

function systemError(message: string): Error {
  return Object.assign(new Error(message), { isAzureFunctionsSystemError: true })
}
