import type { LocalSettings } from './local-settings.ts'

/**
 * Puts the app's settings into this process's environment, as `func start` does for its worker: what is already set wins
 * over local.settings.json, `explicit` wins over both.
 * INVARIANT: before the app loads; the environment is shared with it.
 */
export function applyEnvironment(
  settings: LocalSettings,
  explicit: Readonly<Record<string, string | undefined>>,
): void {
  for (const [name, value] of Object.entries(settings.values)) process.env[name] ??= value
  process.env['FUNCTIONS_WORKER_RUNTIME'] ??= 'node'
  process.env['AZURE_FUNCTIONS_ENVIRONMENT'] = 'Development'
  for (const [name, value] of Object.entries(explicit)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
}

/** `%NAME%` as the whole text stands for the setting; undefined when that setting is missing. */
export function resolveSetting(text: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const name = /^%([^%]+)%$/.exec(text.trim())?.[1]
  return name === undefined ? text : env[name]
}

/** `AzureWebJobs.<name>.Disabled` (also with `_` or `__`, for systems whose names allow no dots). */
export function isDisabled(name: string, env: Readonly<Record<string, string | undefined>>): boolean {
  return ['.', '_', '__'].some((dot) => isTrue(env[`AzureWebJobs${dot}${name}${dot}Disabled`]))
}

/** How the host reads a switch: `true` or `1`. */
export function isTrue(value: string | undefined): boolean {
  return value === '1' || value?.toLowerCase() === 'true'
}
