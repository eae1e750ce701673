import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { COMPILE_CACHE } from '../../local/compile-cache.ts'
import { entryFile } from '../../local/entry-file.ts'
import { endsWithTheFile } from './leftovers.ts'

export type Hold = { state: string; when: 'before' | 'after' | 'freeze' }
export type Command = { shiftMs: number; holds?: Readonly<Record<string, Hold>> }
export type Ticked = { due: number; moved: number; busy: number; failed: Record<string, number> }
export type Told = { ready: true } | { held: string; state: string } | { frozen: string } | { ticked: Ticked }

export type RotationProcess = Awaited<ReturnType<typeof startRotationProcess>>

const MOST_TICKS = 40
const BETWEEN_MS = 500

/** Starts a gateway as a process of its own (rotation-process.ts) and waits until it can be told to tick. */
export async function startRotationProcess(environment: Record<string, string>) {
  const child = spawn(process.execPath, [entryFile('test/support/rotation-process.ts')], {
    env: { ...process.env, NODE_OPTIONS: '', NODE_COMPILE_CACHE: COMPILE_CACHE, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  endsWithTheFile(kill)
  const next = async (): Promise<Told> => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`the process ended: ${errors}`)
    return JSON.parse(value) as Told
  }
  const ticked = async () => {
    const told = await next()
    if (!('ticked' in told)) throw new Error(`a tick was expected, not ${JSON.stringify(told)}`)
    return told.ticked
  }
  const order = (command: Command) => void child.stdin.write(`${JSON.stringify(command)}\n`)
  const ready = await next()
  if (!('ready' in ready)) throw new Error('not ready')
  return {
    /** kill -9, and waits until it is gone. */
    kill,
    /** One tick to its end. */
    async tick(command: Command): Promise<Ticked> {
      order(command)
      return ticked()
    },
    /** Ticks until every rotation that is to be held stands still; a call that came too late is the next tick's. */
    async tickUntilHeld(command: Command): Promise<void> {
      order(command)
      const expected = new Set(Object.keys(command.holds ?? {}))
      for (let ticks = 0; expected.size > 0; ) {
        const told = await next()
        if ('held' in told) expected.delete(told.held)
        else if (++ticks > MOST_TICKS) throw new Error(`${[...expected]} were not held: ${JSON.stringify(told)}`)
        else await new Promise((turn) => setTimeout(turn, BETWEEN_MS)).then(() => order(command))
      }
    },
    /** One tick in which the process stops mid-step, as a frozen one does; `thaw` lets it go on and gives what came of it. */
    async tickUntilFrozen(command: Command): Promise<{ thaw(): Promise<Ticked> }> {
      order(command)
      const told = await next()
      if (!('frozen' in told)) throw new Error(`it was not frozen: ${JSON.stringify(told)}`)
      return {
        thaw() {
          child.kill('SIGCONT')
          return ticked()
        },
      }
    },
  }
}
