import type { LogLevel } from './app/core-types.ts'

const RANK: Record<LogLevel, number> = {
  trace: 0,
  debug: 1,
  information: 2,
  warning: 3,
  error: 4,
  critical: 5,
  none: 6,
}

export type Logger = {
  enabled(level: LogLevel, category: string): boolean
  write(level: LogLevel, category: string, message: string): void
}

/**
 * Lines `<time> [<level>] <category>: <message>` for `sink`, filtered by host.json's `logging.logLevel` (longest category
 * prefix wins). Without a sink only warnings and errors are written, to stderr.
 */
export function createLogger(
  levels: Readonly<Record<string, LogLevel>>,
  sink: ((line: string) => void) | undefined,
): Logger {
  const floors = new Map<string, number>()

  function floorOf(category: string): number {
    const known = floors.get(category)
    if (known !== undefined) return known
    let level = levels['default'] ?? levels['Default'] ?? 'information'
    let longest = -1
    for (const [prefix, candidate] of Object.entries(levels)) {
      const matches = category === prefix || category.startsWith(`${prefix}.`)
      if (matches && prefix.length > longest) {
        level = candidate
        longest = prefix.length
      }
    }
    const floor = Math.max(RANK[level], sink ? 0 : RANK.warning)
    floors.set(category, floor)
    return floor
  }

  const out = sink ?? ((line: string) => process.stderr.write(`${line}\n`))
  const enabled = (level: LogLevel, category: string) => level !== 'none' && RANK[level] >= floorOf(category)
  return {
    enabled,
    write(level, category, message) {
      if (enabled(level, category)) out(`${new Date().toISOString()} [${level}] ${category}: ${message}`)
    },
  }
}

/** Level names as host.json spells them, any case; undefined when it is not one. */
export function parseLogLevel(text: unknown): LogLevel | undefined {
  const lower = String(text).toLowerCase()
  return lower in RANK ? (lower as LogLevel) : undefined
}

/**
 * An error for a log line: name, message, frames. JSON parse errors quote the body and URL errors quote `?code=`, so the
 * message of the first is left out and queries are cut from the others.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `threw a ${error === null ? 'null' : typeof error}`
  const message =
    error instanceof SyntaxError ? '(message withheld, it may quote the body)' : withoutQueries(error.message)
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return [`${error.name}: ${message}`, ...frames].join('\n')
}

function withoutQueries(text: string): string {
  return text.replace(/\?[^\s'"]*=[^\s'"]*/g, '?…')
}
