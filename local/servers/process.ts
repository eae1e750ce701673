import { parseArgs } from 'node:util'
import { refuseOutsideLocalRun } from './guard.ts'
import { SHUTDOWN_MS } from './lock.ts'

/** What a started server tells: its ports by name. */
export type Started = { ports: Record<string, number>; close(): Promise<void> }

/** Sent to the parent when the server answers; alone, the same facts go to stdout. */
export type ReadyMessage = { ready: string; ports: Record<string, number> }

type FlagSpec = { type: 'string' | 'boolean'; default?: string | boolean }

/** Values of the flags a server declared; string flags without a default may be missing. */
export type Flags = Readonly<Record<string, string | boolean | undefined>>

export type ServerProcess = {
  name: string
  flags: Record<string, FlagSpec>
  start(flags: Flags): Promise<Started>
}

const startedByParent = process.connected === true

/**
 * The life of one server process: refuses outside a local run, starts, says that it is ready, and closes in order at
 * SIGINT, at SIGTERM and when the parent goes away, however it went (its end of the IPC channel closes even at kill -9).
 */
export async function runServerProcess({ name, flags, start }: ServerProcess): Promise<void> {
  survivesBrokenPipes()
  try {
    refuseOutsideLocalRun(process.env)
    const started = await start(parseFlags(flags))
    closesInOrder(name, started)
    announce({ ready: name, ports: started.ports })
  } catch (error) {
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  }
}

/** When the parent is gone every write fails with EPIPE; unheard, that error would end the process before it has saved. */
function survivesBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
}

function parseFlags(flags: Record<string, FlagSpec>): Flags {
  return parseArgs({ options: flags, strict: true, allowPositionals: false }).values as Flags
}

function closesInOrder(name: string, { close }: Started): void {
  let closing = false
  const end = async () => {
    if (closing) return
    closing = true
    setTimeout(() => process.exit(1), SHUTDOWN_MS).unref()
    try {
      await close()
      process.exit(0)
    } catch (error) {
      process.stderr.write(`${name}: could not close: ${error instanceof Error ? error.message : String(error)}\n`)
      process.exit(1)
    }
  }
  for (const event of ['SIGINT', 'SIGTERM', 'disconnect']) process.on(event, () => void end())
  // The parent may have died while we were starting: then `disconnect` has already been and gone.
  if (startedByParent && !process.connected) void end()
}

function announce(message: ReadyMessage): void {
  if (process.send) process.send(message, undefined, undefined, () => undefined)
  else process.stdout.write(`${JSON.stringify(message)}\n`)
}
