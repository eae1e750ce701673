import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { whatToTry } from '../../local/what-to-try.ts'

const gateway = 'http://127.0.0.1:7071'

it.each(['/tmp/plain-folder', '/tmp/with space', "/tmp/it's $HOME", '/tmp/`date`'])(
  'prints commands that a shell takes: %s',
  (stateDir) => {
    const text = whatToTry({ gateway, stateDir })
    const command = /is it whole\? cli\/sallyport\.mjs (.*)/.exec(text)?.[1] ?? ''
    const { stdout } = spawnSync('sh', ['-c', `printf '%s|' ${command}`], { encoding: 'utf8' })
    expect(stdout).toBe(`audit|verify|--state|${stateDir}|`)
  },
)
