import { hostname } from 'node:os'
import type { FunctionIndex } from '../app/index-functions.ts'
import type { HostConfig } from '../config/host-json.ts'
import type { LocalSettings } from '../config/local-settings.ts'
import type { HostOptions } from '../host.ts'
import type { Logger } from '../log.ts'
import { createRouter } from '../routing/router.ts'
import type { Run } from '../runner.ts'
import type { HostTimers } from '../timers/host-timers.ts'
import { createAdmin } from './admin.ts'
import { createCors } from './cors.ts'
import { createFront } from './front.ts'
import { createKeys } from './keys.ts'
import type { Handler, Listener } from './listener.ts'
import { createThrottle } from './throttle.ts'

const MAX_BODY_BYTES = 104_857_600

export type FrontParts = {
  options: HostOptions
  settings: LocalSettings
  config: HostConfig
  index: FunctionIndex
  run: Run
  timers: HostTimers
  listener: Listener
  logger: Logger
  env: Readonly<Record<string, string | undefined>>
}

/** Puts the front together from what was configured. `warmUp` makes the first request as fast as the others. */
export function createHostFront(parts: FrontParts): { handle: Handler; warmUp(): Promise<void> } {
  const { options, settings, config, index, run, timers, listener, env, logger } = parts
  const started = performance.now()
  const keys = options.masterKey === undefined ? options.keys : { ...options.keys, master: options.masterKey }
  const admin = createAdmin({
    index: () => index,
    facts: () => ({
      id: hostname().toLowerCase().slice(0, 32),
      appRoot: options.appRoot,
      routePrefix: config.routePrefix,
      uptimeMs: performance.now() - started,
      errors: index.hostErrors,
    }),
    run: (name) => runByHand(name, { index, timers, logger }),
  })
  const routes = index.http.map((fn) => ({ template: fn.template, methods: fn.methods, target: fn }))
  return {
    warmUp,
    handle: createFront({
      route: createRouter(routes),
      index,
      keys: createKeys(keys),
      admin,
      throttle: createThrottle(config.maxConcurrentRequests, config.maxOutstandingRequests),
      cors: createCors(settings.corsOrigins, settings.corsCredentials),
      customHeaders: config.customHeaders,
      maxBodyBytes: Number(env['FUNCTIONS_REQUEST_BODY_SIZE_LIMIT'] ?? MAX_BODY_BYTES),
      frontEnd: options.frontEnd ?? false,
      env,
      invoke: run,
      stopping: listener.stopping,
    }),
  }
}

/** Nobody waits for these runs; how they fail is logged. An HTTP function cannot run: there is no request. */
function runByHand(name: string, { index, timers, logger }: Pick<FrontParts, 'index' | 'timers' | 'logger'>): void {
  const http = index.http.find((fn) => fn.name === name)
  if (http)
    logger.write('error', `Function.${name}`, `Executed 'Functions.${name}' (Failed) An HttpRequest is required.`)
  else timers.run(name).catch(() => undefined)
}

/** undici loads on first use, which takes some 30 ms. */
async function warmUp(): Promise<void> {
  const request = new Request('http://127.0.0.1/', {
    method: 'POST',
    body: 'x',
    headers: { 'content-type': 'text/plain' },
  })
  const response = new Response(await request.text())
  await response.arrayBuffer()
}
