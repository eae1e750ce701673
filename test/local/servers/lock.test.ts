import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { holdLock } from '../../../local/servers/lock.ts'

let folder = ''
let path = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-lock-'))
  path = join(folder, 'lock')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const options = { what: 'the folder', waitMs: 0 }

it('refuses a second holder and says who the first is', async () => {
  const lock = await holdLock(path, options)
  await expect(holdLock(path, options)).rejects.toThrow(`the folder is in use by process ${process.pid}`)
  await lock.release()
  await (await holdLock(path, options)).release()
  expect(readdirSync(folder)).toEqual([])
})

it('waits for a holder that is shutting down', async () => {
  const first = await holdLock(path, options)
  const second = holdLock(path, { ...options, waitMs: 10_000 })
  await first.release()
  await (await second).release()
})

it.each([
  ['of a dead process', async () => JSON.stringify({ pid: await deadPid() })],
  ['of another process that got the same pid later', async () => JSON.stringify({ pid: process.pid, started: '1' })],
  ['that is torn', async () => '{"pid":'],
  ['that is empty', async () => ''],
])('takes over a lock %s', async (_, content) => {
  writeFileSync(path, await content())
  await (await holdLock(path, options)).release()
})

it('gives a stale lock to exactly one of many, however they come in between', async () => {
  const stale = JSON.stringify({ pid: await deadPid() })
  for (let round = 0; round < 150; round++) {
    writeFileSync(path, stale)
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => holdLock(path, options)))
    const held = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    expect(held).toHaveLength(1)
    await held[0]?.release()
  }
  expect(readdirSync(folder)).toEqual([])
})

it('takes over a stale lock whose remover died too, and the one after', async () => {
  const [stale, remover] = [JSON.stringify({ pid: await deadPid() }), JSON.stringify({ pid: await deadPid() })]
  writeFileSync(path, stale)
  for (const dead of [stale, stale + remover]) {
    const name = createHash('sha256').update(dead).digest('hex').slice(0, 16)
    writeFileSync(`${path}.${name}`, remover)
  }
  await (await holdLock(path, options)).release()
  expect(readdirSync(folder)).toEqual([])
})

it('names a remover that is stopped in the middle, instead of waiting for ever', async () => {
  const stale = JSON.stringify({ pid: await deadPid() })
  writeFileSync(path, stale)
  const name = createHash('sha256').update(stale).digest('hex').slice(0, 16)
  writeFileSync(`${path}.${name}`, JSON.stringify({ pid: process.ppid }))
  await expect(holdLock(path, options)).rejects.toThrow(`in use by process ${process.ppid}`)
})

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid ?? 0
}
