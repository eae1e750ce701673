import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from '../local/build.ts'
import { repositoryRoot } from '../local/repository-root.ts'
import { type Benchmark, median, round, spreadOf } from './figure.ts'
import { type Stack, startStack } from './stack.ts'

const ROUNDS = 9
const MAX_RATIO = 1.5

/** B8: what a scale-out instance costs before its first answer. */
export const coldStart: Benchmark = {
  id: 'B8',
  what: 'process start to first answer, bundled, against a bare bundled `hello` app',
  run: async (say) => {
    const stack = await startStack()
    const folder = await mkdtemp(join(repositoryRoot, 'dist', 'bench-'))
    try {
      const [hello, gateway] = [join(folder, 'hello.cjs'), join(folder, 'gateway.cjs')]
      await bundle('bench/hello-app.ts', hello)
      await bundle('functions/index.ts', gateway)
      const authorization = `Bearer ${await stack.token('billing-app')}`
      const rounds = []
      for (let index = 0; index < ROUNDS; index++) {
        const bare = await firstAnswer(stack, hello, { path: 'bench/hello', expect: 200 })
        const refused = await firstAnswer(stack, gateway, { path: 'v1/whoami', expect: 401 })
        const secret = await firstAnswer(stack, gateway, {
          path: 'v1/secrets/main/stripe-api-key',
          expect: 200,
          authorization,
        })
        say(
          `hello ${Math.round(bare)} ms; first answer ${Math.round(refused)} ms; first secret ${Math.round(secret)} ms`,
        )
        rounds.push({ bare, refused, secret })
      }
      const ratios = rounds.map(({ bare, refused }) => refused / bare)
      const [low, high] = spreadOf(ratios)
      return {
        what: 'process start to first answer (401 on a guarded route) ÷ the same of hello',
        value: round(median(ratios), 2),
        unit: '× hello',
        goal: `≤ ${MAX_RATIO} ×`,
        met: median(ratios) <= MAX_RATIO,
        spread: [round(low, 2), round(high, 2)] as [number, number],
        baseline: 'a bare hello app, bundled the same way, same host',
        notes: {
          'first secret ÷ hello (SDKs, keys, policies, issuer and vault read)': round(
            median(rounds.map(({ bare, secret }) => secret / bare)),
            2,
          ),
          'hello (ms)': Math.round(median(rounds.map(({ bare }) => bare))),
        },
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
      await stack.stop()
    }
  },
}

type First = { path: string; expect: number; authorization?: string }

async function firstAnswer(stack: Stack, entry: string, { path, expect, authorization }: First): Promise<number> {
  const started = performance.now()
  const child = fork(fileURLToPath(new URL('../local/functions-host/host-process.ts', import.meta.url)), [entry], {
    env: { ...process.env, ...stack.environment },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  try {
    const [{ url }] = (await once(child, 'message')) as [{ url: string }]
    const answer = await fetch(`${url}/${path}`, authorization ? { headers: { authorization } } : {})
    await answer.arrayBuffer()
    const took = performance.now() - started
    if (answer.status !== expect) throw new Error(`${path} answered ${answer.status} instead of ${expect}`)
    return took
  } finally {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
}
