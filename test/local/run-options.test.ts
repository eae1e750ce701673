import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readOptions } from '../../local/run-options.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-options-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('takes the state folder of --state before that of SALLYPORT_STATE, and makes it', () => {
  const [one, other] = [join(folder, 'one'), join(folder, 'other')]
  expect(readOptions(['--state', one], { SALLYPORT_STATE: other })).toEqual({ port: 7071, stateDir: one })
  expect(readOptions(['--port', '0'], { SALLYPORT_STATE: other })).toEqual({ port: 0, stateDir: other })
  expect(existsSync(one)).toBe(true)
})

it.each(['file', 'file/below'])('says which folder cannot be used: %s', (name) => {
  writeFileSync(join(folder, 'file'), '')
  const stateDir = join(folder, name)
  expect(() => readOptions(['--state', stateDir], {})).toThrow(`the state folder ${stateDir} cannot be used (E`)
})

it('--fresh forgets what a run keeps and nothing else, and not under a process that runs there', () => {
  for (const name of ['own-notes', 'timers', 'endpoints.json']) writeFileSync(join(folder, name), '{}')
  readOptions(['--fresh', '--state', folder], {})
  expect(['own-notes', 'timers', 'endpoints.json'].map((name) => existsSync(join(folder, name)))).toEqual([
    true,
    false,
    false,
  ])
  writeFileSync(join(folder, 'endpoints.json'), JSON.stringify({ pid: process.pid }))
  expect(() => readOptions(['--fresh', '--state', folder], {})).toThrow(`process ${process.pid} runs on ${folder}`)
})
