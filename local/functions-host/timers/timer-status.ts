import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** When a timer fired and will fire, in ms; `last` and `lastUpdated` are absent before the first time. */
export type ScheduleStatus = { last?: number | undefined; next: number; lastUpdated?: number | undefined }

/** The status as the timer's value and the status blob show it. */
export type StatusJson = { Last: string; Next: string; LastUpdated: string }

export type StatusStore = {
  /** Undefined when nothing (or nothing readable) was stored. */
  read(name: string): Promise<ScheduleStatus | undefined>
  write(name: string, status: ScheduleStatus): Promise<void>
}

const DOTNET_MIN = '0001-01-01T00:00:00+00:00'
const DOTNET_MAX = '9999-12-31T23:59:59.9999999+00:00'

/** Keeps statuses as `<dir>/<name>.json`, one file per timer; a file is replaced whole, so a kill leaves the old one. */
export function fileStatusStore(dir: string): StatusStore {
  const pathOf = (name: string) => join(dir, `${name.toLowerCase()}.json`)
  return {
    async read(name) {
      try {
        return fromJson(JSON.parse(await readFile(pathOf(name), 'utf8')))
      } catch {
        return undefined
      }
    },
    async write(name, status) {
      await mkdir(dir, { recursive: true })
      const temporary = `${pathOf(name)}.${process.pid}.tmp`
      await writeFile(temporary, JSON.stringify(toStatusJson(status)))
      await rename(temporary, pathOf(name))
    },
  }
}

/** Forgets everything when the process ends. */
export function memoryStatusStore(): StatusStore {
  const statuses = new Map<string, ScheduleStatus>()
  return {
    read: async (name) => statuses.get(name),
    async write(name, status) {
      statuses.set(name, status)
    },
  }
}

/** .NET's spelling of the times: offset instead of Z, no trailing zeros, year 1 for "never". */
export function toStatusJson({ last, next, lastUpdated }: ScheduleStatus): StatusJson {
  return { Last: toDotnet(last), Next: toDotnet(next), LastUpdated: toDotnet(lastUpdated) }
}

function fromJson(value: unknown): ScheduleStatus | undefined {
  const { Last, Next, LastUpdated } = (value ?? {}) as Partial<Record<string, unknown>>
  const next = fromDotnet(Next)
  return next === undefined ? undefined : { last: fromDotnet(Last), next, lastUpdated: fromDotnet(LastUpdated) }
}

function toDotnet(time: number | undefined): string {
  if (time === undefined) return DOTNET_MIN
  if (!Number.isFinite(time)) return DOTNET_MAX
  return `${new Date(time).toISOString().replace(/\.?0*Z$/, '')}+00:00`
}

function fromDotnet(value: unknown): number | undefined {
  if (typeof value !== 'string' || value === DOTNET_MIN) return undefined
  if (value === DOTNET_MAX) return Number.POSITIVE_INFINITY
  const time = Date.parse(value)
  return Number.isNaN(time) ? undefined : time
}
