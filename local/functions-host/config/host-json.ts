import { readFileSync } from 'node:fs'
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { join } from 'node:path'
import type { LogLevel } from '../app/core-types.ts'
import { parseLogLevel } from '../log.ts'
import { StartError } from '../start-error.ts'
import { parseTimeSpan } from './time-span.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export type HostConfig = {
  /** Without slashes at its ends; may be empty. */
  routePrefix: string
  customHeaders: readonly (readonly [name: string, value: string])[]
  /** -1: no limit. */
  maxConcurrentRequests: number
  maxOutstandingRequests: number
  /** Undefined: no limit. */
  functionTimeoutMs: number | undefined
  logLevels: Readonly<Record<string, LogLevel>>
  /** Only these functions exist, when given. */
  functions: readonly string[] | undefined
}

type Json = Record<string, unknown>

const OVERRIDE = /^AzureFunctionsJobHost(?:__|:)/i
const DEFAULT_TIMEOUT = '00:30:00'

/** Reads `<appRoot>/host.json`; settings `AzureFunctionsJobHost__a__b` win over it. Throws StartError. */
export function readHostConfig(appRoot: string, env: Environment): HostConfig {
  const file = readJsonFile(join(appRoot, 'host.json'))
  if (!file) throw new StartError(`there is no host.json in ${appRoot}`)
  const root = file
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && OVERRIDE.test(name)) override(root, name.replace(OVERRIDE, '').split(/__|:/), value)
  }
  if (pick(root, 'version') !== '2.0') throw new StartError('host.json: version must be "2.0"')

  const http = object(pick(object(pick(root, 'extensions')), 'http'))
  return {
    routePrefix: String(pick(http, 'routePrefix') ?? 'api').replace(/^\/+|\/+$/g, ''),
    customHeaders: customHeaders(object(pick(http, 'customHeaders'))),
    maxConcurrentRequests: limit(http, 'maxConcurrentRequests'),
    maxOutstandingRequests: limit(http, 'maxOutstandingRequests'),
    functionTimeoutMs: timeout(pick(root, 'functionTimeout') ?? DEFAULT_TIMEOUT),
    logLevels: logLevels(object(pick(object(pick(root, 'logging')), 'logLevel'))),
    functions: allowList(pick(root, 'functions')),
  }
}

/** An object from a JSON file; undefined when there is no such file. Throws StartError for anything else. */
export function readJsonFile(path: string): Json | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new StartError(`${path} cannot be read`, { cause: error })
  }
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  } catch {
    // The parser's message quotes the file, which may hold settings.
  }
  throw new StartError(`${path} is not a JSON object`)
}

function override(root: Json, path: string[], value: string): void {
  let node = root
  for (const [depth, part] of path.entries()) {
    const key = Object.keys(node).find((name) => name.toLowerCase() === part.toLowerCase()) ?? part
    if (depth === path.length - 1) {
      node[key] = value
      return
    }
    // Arrays become objects with numbers as names; the allow list reads both.
    const next = { ...object(node[key]) }
    node[key] = next
    node = next
  }
}

function pick(node: Json, name: string): unknown {
  const key = Object.keys(node).find((candidate) => candidate.toLowerCase() === name.toLowerCase())
  return key === undefined ? undefined : node[key]
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}

function limit(http: Json, name: string): number {
  const value = Number(pick(http, name) ?? -1)
  if (!Number.isInteger(value) || (value < 1 && value !== -1)) {
    throw new StartError(`host.json: extensions.http.${name} must be a positive integer, or -1`)
  }
  return value
}

function customHeaders(node: Json): [string, string][] {
  return Object.entries(node).map(([name, value]) => {
    try {
      validateHeaderName(name)
      validateHeaderValue(name, String(value))
    } catch {
      throw new StartError(`host.json: extensions.http.customHeaders: ${name} is not a header`)
    }
    return [name, String(value)]
  })
}

function timeout(value: unknown): number | undefined {
  if (String(value) === '-1') return undefined
  const ms = parseTimeSpan(String(value))
  if (ms === undefined || ms <= 0) throw new StartError('host.json: functionTimeout must be a positive hh:mm:ss, or -1')
  return ms
}

function logLevels(node: Json): Record<string, LogLevel> {
  const levels: Record<string, LogLevel> = {}
  for (const [category, text] of Object.entries(node)) {
    const level = parseLogLevel(text)
    if (!level) throw new StartError(`host.json: logging.logLevel of ${category} is not a level`)
    levels[category] = level
  }
  return levels
}

function allowList(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return undefined
  return Object.values(object(value)).map(String)
}
