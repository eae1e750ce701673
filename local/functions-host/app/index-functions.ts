import { isDisabled, isTrue, resolveSetting } from '../config/environment.ts'
import type { HostConfig } from '../config/host-json.ts'
import { parseTemplate, type Template } from '../routing/template.ts'
import { TemplateError } from '../routing/template-error.ts'
import { createSchedule, type Schedule } from '../timers/schedule.ts'
import type { RegisteredFunction } from './core-module.ts'
import type { Binding } from './core-types.ts'

export type AuthLevel = 'anonymous' | 'function' | 'system' | 'admin'

type Common = { name: string; fn: RegisteredFunction; binding: string; disabled: boolean }

export type HttpFunction = Common & {
  kind: 'http'
  /** As registered, or the function's name. */
  route: string
  template: Template
  /** Upper case. */
  methods: ReadonlySet<string>
  authLevel: AuthLevel
}

export type TimerFunction = Common & {
  kind: 'timer'
  schedule: Schedule
  runOnStartup: boolean
  useMonitor: boolean
}

/** A function the host does not run; the others are not affected. */
export type FailedFunction = { kind: string; name: string; fn: RegisteredFunction; error: string }

export type FunctionIndex = {
  http: readonly HttpFunction[]
  timers: readonly TimerFunction[]
  failed: readonly FailedFunction[]
  /** Each takes the whole host down: every route answers 503. */
  hostErrors: readonly string[]
}

type Settings = { config: HostConfig; env: Readonly<Record<string, string | undefined>> }

const AUTH_LEVELS = new Set<string>(['anonymous', 'function', 'system', 'admin'])
const NAME = /^[a-z][a-z0-9_-]{0,127}$/i

/** Sorts the registered functions by name, as the host does before it builds its routes, and checks each. */
export function indexFunctions(registered: Iterable<RegisteredFunction>, settings: Settings): FunctionIndex {
  const http: HttpFunction[] = []
  const timers: TimerFunction[] = []
  const failed: FailedFunction[] = []
  const hostErrors: string[] = []
  const { functions: allowed } = settings.config
  const functions = [...registered]
    .filter(({ metadata }) => !allowed || allowed.some((name) => sameName(name, metadata.name)))
    .sort((a, b) => compareNames(a.metadata.name, b.metadata.name))

  for (const [index, fn] of functions.entries()) {
    const { name } = fn.metadata
    const before = functions[index - 1]?.metadata.name
    if (before !== undefined && sameName(before, name))
      hostErrors.push(`the functions ${before} and ${name} differ only in case`)
    try {
      const checked = checkFunction(fn, settings)
      if (checked.kind === 'timer') timers.push(checked)
      else {
        refuseConflict(checked, http)
        http.push(checked)
      }
    } catch (error) {
      if (error instanceof TemplateError) hostErrors.push(`the route of the function ${name}: ${error.message}`)
      else if (error instanceof FunctionError) failed.push({ kind: kindOf(fn), name, fn, error: error.message })
      else throw error
    }
  }
  return { http, timers, failed, hostErrors }
}

class FunctionError extends Error {}

function checkFunction(fn: RegisteredFunction, settings: Settings): HttpFunction | TimerFunction {
  const { name, bindings } = fn.metadata
  if (!NAME.test(name) || name.toLowerCase() === 'host')
    throw new FunctionError(`'${name}' is not a valid function name.`)
  const unknown = Object.values(bindings).filter(({ type }) => !isKnown(type))
  if (unknown.length > 0) {
    const types = unknown.map(({ type }) => `'${type}'`).join(', ')
    throw new FunctionError(
      `The binding type(s) ${types} are not registered. Please ensure the type is correct and the binding extension is installed.`,
    )
  }
  const [binding, trigger] = triggerOf(fn)
  const common = { name, fn, binding, disabled: isDisabled(name, settings.env) }
  return isType(trigger, 'timerTrigger') ? checkTimer(common, trigger, settings) : checkHttp(common, trigger, settings)
}

function checkHttp(common: Common, trigger: Binding, { config }: Settings): HttpFunction {
  const route = String(trigger['route'] || common.name)
  const authLevel = String(trigger['authLevel'] ?? 'function').toLowerCase()
  if (!AUTH_LEVELS.has(authLevel)) throw new FunctionError(`The authLevel '${authLevel}' is unknown.`)
  if (/^\/*(?:admin|runtime)/i.test(route)) {
    throw new FunctionError('The specified route conflicts with one or more built in routes.')
  }
  if (route.startsWith('/')) throw new TemplateError('it must not start with /')
  const methods = (trigger['methods'] as string[] | undefined) ?? []
  return {
    ...common,
    kind: 'http',
    route,
    template: parseTemplate(config.routePrefix === '' ? route : `${config.routePrefix}/${route}`),
    methods: new Set(methods.map((method) => method.toUpperCase())),
    authLevel: authLevel as AuthLevel,
  }
}

function checkTimer(common: Common, trigger: Binding, { env }: Settings): TimerFunction {
  const text = String(trigger['schedule'] ?? '')
  const resolved = resolveSetting(text, env)
  if (resolved === undefined) throw new FunctionError(`'${text}' does not resolve to a value.`)
  const schedule = createSchedule(resolved)
  if (!schedule)
    throw new FunctionError(
      `The schedule expression '${resolved}' was not recognized as a valid cron expression or timespan string.`,
    )
  return {
    ...common,
    kind: 'timer',
    schedule,
    runOnStartup: trigger['runOnStartup'] === true || isTrue(String(trigger['runOnStartup'])),
    useMonitor: trigger['useMonitor'] !== false,
  }
}

function refuseConflict(fn: HttpFunction, others: readonly HttpFunction[]): void {
  const route = fn.route.replace(/\/+$/, '').toLowerCase()
  for (const other of others) {
    const shared = [...fn.methods].some((method) => other.methods.has(method))
    const any = fn.methods.size === 0 || other.methods.size === 0
    if (other.route.replace(/\/+$/, '').toLowerCase() === route && (shared || any)) {
      throw new FunctionError(`The route specified conflicts with the route defined by function '${other.name}'.`)
    }
  }
}

function triggerOf(fn: RegisteredFunction): [name: string, binding: Binding] {
  const found = Object.entries(fn.metadata.bindings).find(([, { type }]) => /trigger$/i.test(type ?? ''))
  if (!found) throw new FunctionError('No trigger binding was found.')
  return found
}

function kindOf(fn: RegisteredFunction): string {
  const type = Object.values(fn.metadata.bindings).find((binding) => /trigger$/i.test(binding.type ?? ''))?.type
  return (type ?? 'unknown').replace(/Trigger$/i, '')
}

function isKnown(type: string | undefined): boolean {
  return ['http', 'httptrigger', 'timertrigger'].includes(type?.toLowerCase() ?? '')
}

function isType(binding: Binding, type: string): boolean {
  return binding.type?.toLowerCase() === type.toLowerCase()
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

function compareNames(a: string, b: string): number {
  const [left, right] = [a.toUpperCase(), b.toUpperCase()]
  return left < right ? -1 : left > right ? 1 : 0
}
