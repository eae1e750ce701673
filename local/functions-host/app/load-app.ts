import { globSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Server } from 'node:net'
import { basename, extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { readJsonFile } from '../config/host-json.ts'
import { describeError } from '../log.ts'
import { StartError } from '../start-error.ts'
import type { CoreModule } from './core-module.ts'

type LoadOptions = {
  appRoot: string
  /** File or glob, relative to the app root; by default `main` of package.json. */
  entry: string | undefined
  /** Tests of what the real host does with a broken app: load errors are given back instead of thrown. */
  lenient: boolean
}

/**
 * Loads the app's files into this process and ends its start-up as the worker does (startApp.ts): entry files, appStart
 * hooks, capabilities. Throws StartError when a file throws, when stream mode is on, or when nothing was registered.
 */
export async function loadApp(
  core: CoreModule,
  { appRoot, entry, lenient }: LoadOptions,
): Promise<StartError | undefined> {
  const failure = await loadFiles(core, appRoot, entry)
  if (failure && !lenient) throw failure
  if (core.functions.size === 0 && !failure && !lenient) {
    throw new StartError(
      'the app registered no functions: its entry ran without calling app.http or app.timer of this @azure/functions ' +
        '(a second copy of the package, or a module loader hook that bypasses Module.prototype.require, has this effect)',
    )
  }
  await core.hooks.run('appStart', { hookData: core.appHookData })
  await readCapabilities(core)
  core.lock()
  return failure
}

async function loadFiles(
  core: CoreModule,
  appRoot: string,
  entry: string | undefined,
): Promise<StartError | undefined> {
  const manifest = readJsonFile(join(appRoot, 'package.json')) ?? {}
  const pattern = entry ?? manifest['main']
  if (typeof pattern !== 'string') throw new StartError('package.json has no main, and no entry was named')
  const files = globSync(pattern, { cwd: appRoot }).sort()
  if (files.length === 0) throw new StartError(`no file matches the app's entry ${pattern}: was it built?`)
  const asModule = manifest['type'] === 'module'
  for (const file of files) {
    const path = resolve(appRoot, file)
    core.loading(basename(path))
    try {
      if (asModule || extname(path) === '.mjs' || /\.m?ts$/.test(path)) await import(pathToFileURL(path).href)
      else createRequire(path)(path)
    } catch (error) {
      return new StartError(`the entry ${file} failed to load: ${describeError(error)}`, { cause: error })
    }
  }
  return undefined
}

/**
 * Asks for the capabilities. With enableHttpStream the library would open an HTTP server on all interfaces here, so
 * listening is refused during the (synchronous) call.
 */
async function readCapabilities(core: CoreModule): Promise<void> {
  const model = core.model()
  if (!model) return
  const listen = Server.prototype.listen
  Server.prototype.listen = () => {
    throw new StartError('the app sets enableHttpStream: stream mode is not offered by the local host')
  }
  let capabilities: Promise<unknown>
  try {
    capabilities = model.getCapabilities({})
  } finally {
    Server.prototype.listen = listen
  }
  await capabilities
}
