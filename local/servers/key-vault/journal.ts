import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder, writeAtomically } from '../atomic-file.ts'

export type Journal<E> = {
  /** Durable when it resolves. When it rejects, the event is not in the file. One call at a time. */
  append(event: E): Promise<void>
  /** Replaces what is in the file by events that lead to the same state. */
  compact(events: readonly E[]): Promise<void>
  /** Events in the file. */
  length(): number
  close(): Promise<void>
}

/**
 * An append-only file of JSON lines, synced to disk before `append` resolves. A last line without its end was torn by a
 * crash and was never acknowledged: it is cut off. Any other damage is an error, since something acknowledged is lost.
 */
export async function openJournal<E>(path: string, replay: (event: E) => void): Promise<Journal<E>> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const { events, bytes } = await read<E>(path)
  for (const event of events) replay(event)
  let file = await openAt(path, bytes)
  let size = bytes
  let count = events.length
  let broken = false

  const cutBack = async () => {
    await file.truncate(size).catch(() => {
      broken = true
    })
  }

  return {
    async append(event) {
      if (broken) throw new Error(`${path} cannot be written any more`)
      const line = Buffer.from(`${JSON.stringify(event)}\n`)
      try {
        await file.write(line, 0, line.length, size)
        await file.datasync()
      } catch (error) {
        // Half a line in the middle would make the file unreadable for ever.
        await cutBack()
        throw error
      }
      size += line.length
      count += 1
    },
    async compact(all) {
      const text = all.map((event) => `${JSON.stringify(event)}\n`).join('')
      await writeAtomically(path, text)
      await file.close()
      size = Buffer.byteLength(text)
      count = all.length
      file = await openAt(path, size)
    },
    length: () => count,
    close: () => file.close(),
  }
}

async function openAt(path: string, bytes: number): Promise<FileHandle> {
  const file = await open(path, 'r+').catch(() => open(path, 'w+', 0o600))
  await file.truncate(bytes)
  await file.sync()
  await syncFolder(dirname(path))
  return file
}

async function read<E>(path: string): Promise<{ events: E[]; bytes: number }> {
  const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0)
    throw error
  })
  const bytes = content.lastIndexOf(0x0a) + 1
  const lines = content.subarray(0, bytes).toString('utf8').split('\n').slice(0, -1)
  const events = lines.map((line, index): E => {
    try {
      return JSON.parse(line)
    } catch {
      throw new Error(`${path}: line ${index + 1} is damaged; restore the file or move it away to start afresh`)
    }
  })
  return { events, bytes }
}
