import { type Benchmark, median, round, spreadOf } from './figure.ts'
import { type Load, type LoadResult, load } from './load.ts'
import { type RunningHost, type Stack, startBenchHost, startStack } from './stack.ts'

const ROUNDS = 5
const SECONDS = 4
const CONNECTIONS = 50
const SECRET = 'v1/secrets/main/stripe-api-key'

type Work = (host: RunningHost, stack: Stack, round: number) => Promise<Load>

/** B1: the whole door with a token that was seen before. */
export const cachedRead: Benchmark = {
  id: 'B1',
  what: 'read a cached secret, journaled, 50 connections, against `hello`',
  run: (say) =>
    compare(
      { say, goal: 0.6, goalText: '≥ 0.60 of the throughput of hello, p99 ≤ 3 ×', maxP99Ratio: 3 },
      async (host, stack) => {
        return { ...base(host), headers: { authorization: `Bearer ${await stack.token('billing-app')}` } }
      },
    ),
}

/** B2: the same, each request with an RS256 token of its own. */
export const freshTokenRead: Benchmark = {
  id: 'B2',
  what: 'the same with a new RS256 token for each request, against `hello`',
  run: (say) =>
    compare({ say, goal: 0.45, goalText: '≥ 0.45 of the throughput of hello' }, async (host, stack) => {
      return { ...base(host), authorizations: await stack.freshTokens(TOKENS_A_ROUND) }
    }),
}

/** More than a round can send; autocannon would start again with the first one. */
const TOKENS_A_ROUND = 24_000

const base = (host: RunningHost) => ({ url: `${host.url}/${SECRET}`, connections: CONNECTIONS, seconds: SECONDS })

type Comparison = { say: (line: string) => void; goal: number; goalText: string; maxP99Ratio?: number }

/** Work and baseline by turns on one host, so that noise of the machine meets both. */
async function compare({ say, goal, goalText, maxP99Ratio = Number.POSITIVE_INFINITY }: Comparison, work: Work) {
  const stack = await startStack()
  const host = await startBenchHost(stack)
  try {
    const hello: Load = { url: `${host.url}/bench/hello`, connections: CONNECTIONS, seconds: SECONDS }
    await load({ ...hello, seconds: 2 })
    const token = await stack.token('billing-app')
    await load({ ...base(host), seconds: 2, headers: { authorization: `Bearer ${token}` } })
    const rounds: { hello: LoadResult; work: LoadResult }[] = []
    for (let index = 0; index < ROUNDS; index++) {
      const asked = await work(host, stack, index)
      const pair = { hello: await load(hello), work: await load(asked) }
      if (pair.work.notOk > 0) throw new Error(`${pair.work.notOk} answers were not 200`)
      rounds.push(pair)
      say(
        `hello ${Math.round(pair.hello.requestsPerSecond)}/s p99 ${pair.hello.p99Ms} ms; read ${Math.round(pair.work.requestsPerSecond)}/s p99 ${pair.work.p99Ms} ms`,
      )
    }
    const ratios = rounds.map((pair) => pair.work.requestsPerSecond / pair.hello.requestsPerSecond)
    const p99Ratio = median(rounds.map((pair) => pair.work.p99Ms / pair.hello.p99Ms))
    const value = median(ratios)
    const [low, high] = spreadOf(ratios)
    return {
      what: 'throughput of the read ÷ throughput of hello',
      value: round(value),
      unit: '× hello',
      goal: goalText,
      met: value >= goal && p99Ratio <= maxP99Ratio,
      spread: [round(low), round(high)] as [number, number],
      baseline: 'hello function in the same app, host and load generator',
      notes: {
        'p99 ÷ p99 of hello': round(p99Ratio, 2),
        'hello requests/s': Math.round(median(rounds.map((pair) => pair.hello.requestsPerSecond))),
        'read requests/s': Math.round(median(rounds.map((pair) => pair.work.requestsPerSecond))),
      },
    }
  } finally {
    await host.stop()
    await stack.stop()
  }
}
