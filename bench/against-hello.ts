import { type Figure, median, round, spreadOf } from './figure.ts'
import { type Load, type LoadResult, load } from './load.ts'
import { type RunningHost, type Stack, startBenchHost, startStack } from './stack.ts'

const ROUNDS = 9
const WARM_UP_SECONDS = 2

/** The load of every comparison with `hello`. */
export const AT_LOAD = { connections: 50, seconds: 3 }

export type Comparison = {
  say: (line: string) => void
  /** What is done, in a word. */
  work: string
  goal: number
  goalText: string
  maxP99Ratio?: number
}

type MakeLoad = (host: RunningHost, stack: Stack) => Promise<Load>

/** Work and baseline by turns on one host, so that noise of the machine meets both. */
export async function againstHello(
  { say, work, goal, goalText, maxP99Ratio = Number.POSITIVE_INFINITY }: Comparison,
  { warmUp, load: makeLoad }: { warmUp: MakeLoad; load: MakeLoad },
): Promise<Figure> {
  const stack = await startStack()
  const host = await startBenchHost(stack)
  try {
    const hello: Load = { url: `${host.url}/bench/hello`, ...AT_LOAD }
    await load({ ...hello, seconds: WARM_UP_SECONDS })
    await load({ ...(await warmUp(host, stack)), seconds: WARM_UP_SECONDS })
    const rounds: { hello: LoadResult; work: LoadResult }[] = []
    for (let index = 0; index < ROUNDS; index++) {
      const asked = await makeLoad(host, stack)
      const pair = { hello: await load(hello), work: await load(asked) }
      if (pair.work.notOk > 0) throw new Error(`${pair.work.notOk} answers were not 200`)
      rounds.push(pair)
      say(
        `hello ${Math.round(pair.hello.requestsPerSecond)}/s p99 ${pair.hello.p99Ms} ms; ${work} ${Math.round(pair.work.requestsPerSecond)}/s p99 ${pair.work.p99Ms} ms`,
      )
    }
    const ratios = rounds.map((pair) => pair.work.requestsPerSecond / pair.hello.requestsPerSecond)
    const p99Ratio = median(rounds.map((pair) => pair.work.p99Ms / pair.hello.p99Ms))
    const value = median(ratios)
    const [low, high] = spreadOf(ratios)
    return {
      what: `throughput of the ${work} ÷ throughput of hello`,
      value: round(value),
      unit: '× hello',
      goal: goalText,
      met: value >= goal && p99Ratio <= maxP99Ratio,
      spread: [round(low), round(high)],
      baseline: 'hello function in the same app, host and load generator',
      notes: {
        'p99 ÷ p99 of hello': round(p99Ratio, 2),
        'hello requests/s': Math.round(median(rounds.map((pair) => pair.hello.requestsPerSecond))),
        [`${work} requests/s`]: Math.round(median(rounds.map((pair) => pair.work.requestsPerSecond))),
      },
    }
  } finally {
    await host.stop()
    await stack.stop()
  }
}
