import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openJournal } from '../../../../local/servers/key-vault/journal.ts'
import { tries } from '../../../support/share-of.ts'

let folder = ''
let path = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-journal-'))
  path = join(folder, 'vault.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function replayed(): Promise<unknown[]> {
  const events: unknown[] = []
  await (await openJournal(path, (event) => void events.push(event))).close()
  return events
}

it('gives back what was appended, in order, in a file of the owner alone', async () => {
  const journal = await openJournal<number>(path, () => undefined)
  for (const event of [1, 2, 3]) await journal.append(event)
  await journal.close()
  expect(await replayed()).toEqual([1, 2, 3])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

it('cuts off a torn last line and goes on after it', async () => {
  writeFileSync(path, '{"a":1}\n{"a":2}\n{"a":')
  expect(await replayed()).toEqual([{ a: 1 }, { a: 2 }])
  const journal = await openJournal(path, () => undefined)
  await journal.append({ a: 3 })
  await journal.close()
  expect(readFileSync(path, 'utf8')).toBe('{"a":1}\n{"a":2}\n{"a":3}\n')
})

it('torn anywhere, it holds exactly the whole lines before the tear', async () => {
  const events = fc.array(fc.record({ text: fc.string({ unit: 'binary' }) }), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(events, fc.double({ min: 0, max: 1, noNaN: true }), async (all, share) => {
      const whole = Buffer.from(all.map((event) => `${JSON.stringify(event)}\n`).join(''))
      const kept = whole.subarray(0, Math.floor(whole.length * share))
      writeFileSync(path, kept)
      const lines = kept.filter((byte) => byte === 0x0a).length
      expect(await replayed()).toEqual(all.slice(0, lines))
    }),
    { numRuns: tries(60) },
  )
})

it('refuses to start on a damaged line before the last, and names it: something acknowledged is lost', async () => {
  writeFileSync(path, '{"a":1}\n{"a"\n{"a":3}\n')
  await expect(replayed()).rejects.toThrow('line 2 is damaged')
})

it('compaction replaces the file whole; what is appended afterwards follows', async () => {
  const journal = await openJournal<number>(path, () => undefined)
  for (const event of [1, 2, 3]) await journal.append(event)
  await journal.compact([6])
  expect(journal.length()).toBe(1)
  await journal.append(7)
  await journal.close()
  expect(await replayed()).toEqual([6, 7])
})

it('tolerates a temporary file that a crash left during compaction', async () => {
  const journal = await openJournal<number>(path, () => undefined)
  await journal.append(1)
  await journal.close()
  appendFileSync(`${path}.left-behind.tmp`, '[half')
  expect(await replayed()).toEqual([1])
})
