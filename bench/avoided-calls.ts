import { createAzure } from '../shared/azure/azure.ts'
import { loadConfig } from '../shared/config.ts'
import { type Benchmark, median, round, spreadOf } from './figure.ts'
import { load } from './load.ts'
import { type Stack, startBenchHost, startStack } from './stack.ts'

const CALLERS = 10
const ROUNDS = 3
const SECONDS = 10
/** Time runs 60 times faster: a value rests 5 s instead of 300, and a caller reads 60 times a second instead of once. */
const CACHE_SECONDS = 5
const READS_PER_SECOND = CALLERS * 60
const DIRECT_READS = 30
const GOAL_PERCENT = 99

/** B7: what ten callers that read once a second leave for Key Vault and the identity provider to do. */
export const avoidedCalls: Benchmark = {
  id: 'B7',
  what: `Key Vault and identity calls of ${CALLERS} callers in a steady state, with and without the gateway`,
  run: async (say) => {
    const stack = await startStack()
    const host = await startBenchHost(stack, { SALLYPORT_SECRET_CACHE_SECONDS: String(CACHE_SECONDS) })
    try {
      const work = {
        ...{ url: `${host.url}/v1/secrets/main/stripe-api-key`, connections: CALLERS, seconds: SECONDS },
        authorizations: await stack.freshTokens(CALLERS),
        requestsPerSecond: READS_PER_SECOND,
      }
      await load({ ...work, seconds: 2 })
      const rounds: { avoided: number; through: number; direct: number }[] = []
      for (let index = 0; index < ROUNDS; index++) {
        const through = await callsPerRead(stack, async () => {
          const { answered, notOk } = await load(work)
          if (notOk > 0) throw new Error(`${notOk} answers were not 200`)
          return answered
        })
        const direct = await callsPerRead(stack, () => readDirectly(stack))
        rounds.push({ avoided: 100 * (1 - through / direct), through, direct })
        say(`${round(through, 5)} calls a read through the gateway, ${round(direct, 2)} without it`)
      }
      const avoided = rounds.map((each) => each.avoided)
      const value = median(avoided)
      const [low, high] = spreadOf(avoided)
      return {
        what: 'calls to Key Vault and identity provider that the gateway makes unnecessary',
        value: round(value, 2),
        unit: '%',
        goal: `≥ ${GOAL_PERCENT} %`,
        met: value >= GOAL_PERCENT,
        spread: [round(low, 2), round(high, 2)],
        baseline: 'the same reads by the SDK, each caller with clients of its own',
        notes: {
          'calls a read through the gateway': round(median(rounds.map(({ through }) => through)), 5),
          'calls a read without it': round(median(rounds.map(({ direct }) => direct)), 2),
        },
      }
    } finally {
      await host.stop()
      await stack.stop()
    }
  },
}

async function callsPerRead(stack: Stack, read: () => Promise<number>): Promise<number> {
  const before = await stack.upstreamCalls()
  const reads = await read()
  return ((await stack.upstreamCalls()) - before) / reads
}

/** Each caller keeps its clients, as it should; what it cannot have is the value without asking. */
async function readDirectly({ environment }: Stack): Promise<number> {
  const config = loadConfig(environment)
  const callers = Array.from({ length: CALLERS }, () => createAzure(config).vault(config.vaults.get('main') ?? ''))
  for (let count = 0; count < DIRECT_READS; count++) {
    await Promise.all(callers.map((vault) => vault.get('stripe-api-key')))
  }
  return CALLERS * DIRECT_READS
}
