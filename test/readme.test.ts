import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { repositoryRoot } from '../local/repository-root.ts'
import { forgetState, temporaryState, until } from './support/running.ts'

const stateDir = temporaryState()
/** From the sources, as a newcomer has it. */
const { SALLYPORT_BUILT_ENTRIES: _, ...inherited } = process.env
const env = { ...inherited, SALLYPORT_STATE: stateDir }
const endpoints = join(stateDir, 'endpoints.json')

const commands = [
  ...readFileSync(join(repositoryRoot, 'README.md'), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```/gm),
].flatMap(([, block = '']) => block.trim().split('\n'))
/** `npm start` is what everything here runs against; `npm test` is what runs this. */
const requests = commands.filter((command) => !['npm start', 'npm test'].includes(command))

let start: ReturnType<typeof spawn>

beforeAll(async () => {
  start = spawn('npm', ['start'], { cwd: repositoryRoot, env, stdio: 'ignore' })
  await until(() => existsSync(endpoints) || start.exitCode !== null, 80_000)
}, 90_000)

afterAll(async () => {
  start.kill('SIGINT')
  if (start.exitCode === null) await once(start, 'exit')
  await until(() => !existsSync(endpoints))
  forgetState(stateDir)
}, 60_000)

/** As a reader's shell runs it, on the port that was free. */
async function run(command: string): Promise<string> {
  const { gateway } = JSON.parse(readFileSync(endpoints, 'utf8'))
  const { stdout } = await promisify(execFile)('bash', ['-c', command.replaceAll('http://127.0.0.1:7071', gateway)], {
    cwd: repositoryRoot,
    env,
  })
  return stdout
}

describe('the commands of the README', () => {
  it('are the two that a newcomer needs, and requests to try', () => {
    expect(commands).toContain('npm start')
    expect(commands).toContain('npm test')
    expect(requests.length).toBeGreaterThanOrEqual(6)
  })

  it('do what the README says', async () => {
    const outputs = await Promise.all(requests.slice(0, 4).map(run))
    expect(outputs[0]).toContain('"value":"sk_test_')
    expect(outputs[1]).toContain('"code":"access_denied"')
    expect(outputs[2]).toContain('"token":"eyJ')
    expect(outputs[3]).toContain('"keys":[')
    const [query, verify] = [await run(requests[4] ?? ''), await run(requests[5] ?? '')]
    expect(query).toContain('secret:get secret/main/stripe-api-key (permitted by billing-reads-stripe)')
    expect(verify).toMatch(/^right: /)
    const rest = await Promise.all(requests.slice(6).map(async (command) => ({ command, output: await run(command) })))
    const outputOf = (verb: string) => rest.find(({ command }) => command.includes(verb))?.output
    expect(outputOf('secret list')).toContain('main/stripe-api-key')
    expect(outputOf('secret get')).toMatch(/^sk_test_\S+\n$/)
    expect(outputOf('secret set')).toMatch(/^main\/stripe-example: created [0-9a-f]{32}\n$/)
    expect(outputOf('token get')).toMatch(/^eyJ/)
    expect(outputOf('grant open')).toMatch(/^eyJ/)
    expect(outputOf('grant list')).toBeDefined()
  }, 180_000)
})
