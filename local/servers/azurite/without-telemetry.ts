import { registerHooks } from 'node:module'

/** What an application that is never set up looks like to `require`. */
const NOTHING = { format: 'commonjs' as const, shortCircuit: true, source: 'module.exports = {}' }
const CLIENT = 'applicationinsights'
const EMPTY = 'sallyport:no-telemetry'

/**
 * Azurite loads its telemetry client although `--disableTelemetry` keeps it from being used: half of its start, and code that
 * phones home. It gets an empty one. Must be called before anything of Azurite is loaded.
 */
export function withoutTelemetry(): void {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === CLIENT ? { url: EMPTY, format: 'commonjs', shortCircuit: true } : next(specifier, context),
    load: (url, context, next) => (url === EMPTY ? NOTHING : next(url, context)),
  })
}
