import { join } from 'node:path'
import { StartError } from '../start-error.ts'
import { readJsonFile } from './host-json.ts'

export type LocalSettings = {
  values: Readonly<Record<string, string>>
  port: number | undefined
  /** Origins that may call from a browser; `*` is any. Empty: CORS is off. */
  corsOrigins: readonly string[]
  corsCredentials: boolean
}

/** Reads `<appRoot>/local.settings.json`, which may be missing. Throws StartError. */
export function readLocalSettings(appRoot: string): LocalSettings {
  const file = readJsonFile(join(appRoot, 'local.settings.json')) ?? {}
  if (file['IsEncrypted'] === true) throw new StartError('local.settings.json is encrypted, which is not supported')
  const host = (file['Host'] ?? {}) as Record<string, unknown>
  const port = host['LocalHttpPort']
  return {
    values: textValues((file['Values'] ?? {}) as Record<string, unknown>),
    port: port === undefined ? undefined : Number(port),
    corsOrigins: String(host['CORS'] ?? '')
      .split(',')
      .map((origin) => origin.trim())
      .filter((origin) => origin !== ''),
    corsCredentials: host['CORSCredentials'] === true,
  }
}

function textValues(node: Record<string, unknown>): Record<string, string> {
  const values: Record<string, string> = {}
  for (const [name, value] of Object.entries(node)) {
    if (typeof value === 'object') {
      throw new StartError(`local.settings.json: the setting ${name} must be text; use __ in names instead of nesting`)
    }
    values[name] = String(value)
  }
  return values
}
