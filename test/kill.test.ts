import { execFileSync } from 'node:child_process'
import { afterAll, describe, expect, it } from 'vitest'
import { entryFile } from '../local/entry-file.ts'
import { repositoryRoot } from '../local/repository-root.ts'
import { type Answer, forgetState, startRun, temporaryState } from './support/running.ts'

const REQUESTS = 1_000
const CONNECTIONS = 50
const KILL_AFTER = 400

const stateDir = temporaryState()

afterAll(() => forgetState(stateDir))

/** Asks until all requests are through or the gateway is gone; what was answered before that counts. */
async function ask(call: () => Promise<Answer>, answered: (answer: Answer) => void): Promise<void> {
  let started = 0
  const connection = async () => {
    while (started < REQUESTS) {
      started++
      const answer = await call().catch(() => undefined)
      if (!answer) return
      answered(answer)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, connection))
}

const sallyport = (...args: string[]) =>
  JSON.parse(
    execFileSync(process.execPath, [entryFile('cli/main.ts'), ...args, '--json', '--state', stateDir], {
      cwd: repositoryRoot,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  )

describe('kill -9 in the middle of 1,000 requests', () => {
  it('leaves a durable intent for every value that left, and a journal that verifies (S7)', async () => {
    const run = await startRun(stateDir)
    await run.token('billing-app')
    const released: string[] = []
    let killed: Promise<void> | undefined
    await ask(
      () => run.call('/v1/secrets/main/stripe-api-key', { caller: 'billing-app' }),
      ({ status, headers }) => {
        if (status !== 200) return
        released.push(headers.get('x-sallyport-txn') ?? '')
        if (released.length === KILL_AFTER) killed = run.kill()
      },
    )
    await killed
    expect(released.length).toBeGreaterThanOrEqual(KILL_AFTER)
    expect(released.length).toBeLessThan(REQUESTS)
    // Nothing runs now: the command starts what it needs on the state folder, and stops it.
    const entries: { kind: string; txn?: string; action?: string }[] = sallyport('audit', 'query').value
    const intents = new Set(entries.filter(({ kind }) => kind === 'intent').map(({ txn }) => txn))
    expect(released.filter((txn) => !intents.has(txn))).toEqual([])
    expect(sallyport('audit', 'verify')).toMatchObject({ ok: true })
  }, 120_000)
})
