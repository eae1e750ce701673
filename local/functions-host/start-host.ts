import { join, resolve } from 'node:path'
import { createCoreModule, provideCoreModule } from './app/core-module.ts'
import { type FunctionIndex, indexFunctions } from './app/index-functions.ts'
import { createInvoke, throughLogHooks } from './app/invoke.ts'
import { loadApp } from './app/load-app.ts'
import { systemClock } from './clock.ts'
import { applyEnvironment } from './config/environment.ts'
import { readHostConfig } from './config/host-json.ts'
import { type LocalSettings, readLocalSettings } from './config/local-settings.ts'
import type { Host, HostedFunction, HostOptions } from './host.ts'
import { createHostFront } from './http/host-front.ts'
import { type Listener, listen } from './http/listener.ts'
import { createLogger } from './log.ts'
import { createRun } from './runner.ts'
import { StartError } from './start-error.ts'
import { createHostTimers, type HostTimers } from './timers/host-timers.ts'
import { fileStatusStore, memoryStatusStore } from './timers/timer-status.ts'

const DRAIN_MS = 10_000
const TERMINATE_MS = 5000
let claimed = false

/**
 * Hosts one app in this process. Rejects with StartError when it cannot be hosted (zero functions too), and with the
 * system's error (EADDRINUSE) when the port cannot be had; the second may be tried again with another port.
 */
export async function startHost(options: HostOptions): Promise<Host> {
  if (claimed) throw new StartError('a process can host one app only: the library keeps its state in its module')
  const appRoot = resolve(options.appRoot)
  const settings = readLocalSettings(appRoot)
  const listener = await listen(options.port ?? settings.port ?? 7071, options.host ?? '127.0.0.1')
  try {
    return await hostApp({ ...options, appRoot }, settings, listener)
  } catch (error) {
    await listener.stop(0)
    throw error
  }
}

async function hostApp(options: HostOptions, settings: LocalSettings, listener: Listener): Promise<Host> {
  const { appRoot } = options
  const address = `${options.host ?? '127.0.0.1'}:${listener.port}`
  claimed = true
  applyEnvironment(settings, { WEBSITE_HOSTNAME: address, AzureWebJobsScriptRoot: appRoot, ...options.env })
  const env = process.env
  const config = readHostConfig(appRoot, env)
  const logger = createLogger(config.logLevels, options.log)
  const core = createCoreModule((level, category, message) => {
    const entry = throughLogHooks(core, { level, category, message, invocationContext: undefined })
    logger.write(entry.level, category === 'user' ? 'Worker.User' : 'Worker', entry.message)
  })
  provideCoreModule(core.api)

  const loadError = await loadApp(core, { appRoot, entry: options.entry, lenient: options.lenient ?? false })
  const index = indexFunctions(loadError ? [] : core.functions.values(), { config, env })
  if (index.hostErrors.length > 0 && !options.lenient) throw new StartError(index.hostErrors.join('; '))
  for (const { name, error } of index.failed) logger.write('error', `Function.${name}`, error)
  for (const error of index.hostErrors) logger.write('error', 'Host', error)

  const run = createRun(createInvoke(core, logger), { timeoutMs: config.functionTimeoutMs, logger })
  const clock = systemClock(options.now)
  const store = options.stateDir === undefined ? memoryStatusStore() : fileStatusStore(join(options.stateDir, 'timers'))
  const timers = createHostTimers(index.timers, { run, clock, store, logger })
  const front = createHostFront({ options, settings, config, index, run, timers, listener, env, logger })
  await front.warmUp()
  listener.serve(front.handle)
  if (index.hostErrors.length === 0) await timers.start()

  return {
    url: `http://${address}`,
    port: listener.port,
    functions: listFunctions(index),
    errors: index.hostErrors,
    runTimer: (name) => timers.run(name),
    stop: once(() => shutDown({ listener, timers, terminate, options })),
  }

  function terminate(): Promise<void> {
    return core.hooks.run('appTerminate', { hookData: core.appHookData })
  }
}

type ShutDown = { listener: Listener; timers: HostTimers; terminate(): Promise<void>; options: HostOptions }

async function shutDown({ listener, timers, terminate, options }: ShutDown): Promise<void> {
  const { drainMs = DRAIN_MS, terminateMs = TERMINATE_MS } = options
  await Promise.all([listener.stop(drainMs), within(drainMs, timers.stop())])
  await within(
    terminateMs,
    terminate().catch(() => undefined),
  )
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work, limit])
  clearTimeout(timer)
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}

function listFunctions({ http, timers, failed }: FunctionIndex): HostedFunction[] {
  return [
    ...http.map(({ name, kind, template }) => ({ name, kind, route: template.text })),
    ...timers.map(({ name, kind }) => ({ name, kind })),
    ...failed.map(({ name, kind, error }) => ({ name, kind, error })),
  ]
}
