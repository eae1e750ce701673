import { createHash, randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export type Lock = { release(): Promise<void> }

export type LockOptions = {
  /** What holds it, for the message of the one who cannot have it. */
  what: string
  /** How long to wait for a holder that is shutting down. */
  waitMs: number
}

type Holder = { pid: number; started: string | undefined }

const POLL_MS = 100
/** What removing a file takes, many times over. */
const REMOVAL_MS = 20

/** A server that is closing may take this long (Azurite writes everything it holds); who comes after it waits. */
export const SHUTDOWN_MS = 60_000

/**
 * Exclusive use of a folder between processes by a file with the holder's pid. A holder that died is told by its pid and,
 * where /proc exists, by its start time, so a reused pid does not lock the folder for ever. Throws when it is still held
 * after `waitMs`.
 */
export async function holdLock(path: string, { what, waitMs }: LockOptions): Promise<Lock> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const own = JSON.stringify({ pid: process.pid, started: await startOf(process.pid) } satisfies Holder)
  const until = performance.now() + waitMs
  for (;;) {
    if (await claim(path, own)) return { release: () => release(path, own) }
    const text = await textOf(path)
    if (text === undefined) continue
    const holder = parseHolder(text)
    const user = holder && (await isAlive(holder)) ? holder : await removeStale(path, text, own)
    if (!user) continue
    if (performance.now() >= until) {
      throw new Error(`${what} is in use by process ${user.pid}: stop that first, or choose another state folder`)
    }
    await sleep(POLL_MS)
  }
}

/** `link` fails when the name exists, so the file appears with its content or not at all. */
async function claim(path: string, own: string): Promise<boolean> {
  const temporary = `${path}.${randomUUID()}`
  await writeFile(temporary, own, { mode: 0o600 })
  try {
    await link(temporary, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

/**
 * Of all who judged the same dead holder one takes its file away, the one who has the mark named after it: the judged file can
 * then only be removed by that one, so it is still there, or somebody came before. Trap: without the mark, a slow process moves
 * away the lock of whoever was quicker. The mark of one who died in here counts as part of the name of the next. Gives who is at it
 * for so long that it is no matter of a moment.
 */
async function removeStale(path: string, judged: string, own: string): Promise<Holder | undefined> {
  const marks: string[] = []
  for (let dead = judged; ; ) {
    const mark = `${path}.${createHash('sha256').update(dead).digest('hex').slice(0, 16)}`
    marks.push(mark)
    if (await claim(mark, own)) {
      if ((await textOf(path)) === judged) await rm(path, { force: true })
      for (const passed of marks) await rm(passed, { force: true })
      return undefined
    }
    await sleep(REMOVAL_MS)
    const other = await textOf(mark)
    if (other === undefined) return undefined
    const remover = parseHolder(other)
    if (remover && (await isAlive(remover))) return remover
    dead += other
  }
}

async function release(path: string, own: string): Promise<void> {
  const text = await textOf(path)
  if (text === own) await rm(path, { force: true })
}

/** Undefined where there is no such file; what cannot be read is an error, not a lock that is free. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, started } = JSON.parse(text)
    return Number.isInteger(pid) && pid > 0 ? { pid, started } : undefined
  } catch {
    return undefined
  }
}

async function isAlive({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = await startOf(pid)
  return started === undefined || now === undefined || now === started
}

/** Start time of a process in clock ticks since boot, where the system tells it. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The second field is the name in brackets and may hold blanks; field 22 is the start time.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}
