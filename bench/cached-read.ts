import { AT_LOAD, againstHello } from './against-hello.ts'
import type { Benchmark } from './figure.ts'
import type { RunningHost, Stack } from './stack.ts'

const SECRET = 'v1/secrets/main/stripe-api-key'

/** B1: the whole door with a token that was seen before. */
export const cachedRead: Benchmark = {
  id: 'B1',
  what: 'read a cached secret, journaled, 50 connections, against `hello`',
  run: (say) =>
    againstHello(
      { say, work: 'read', goal: 0.6, goalText: '≥ 0.60 of the throughput of hello, p99 ≤ 3 ×', maxP99Ratio: 3 },
      { warmUp: withOneToken, load: withOneToken },
    ),
}

/** B2: the same, each request with an RS256 token of its own. */
export const freshTokenRead: Benchmark = {
  id: 'B2',
  what: 'the same with a new RS256 token for each request, against `hello`',
  run: (say) =>
    againstHello(
      { say, work: 'read', goal: 0.45, goalText: '≥ 0.45 of the throughput of hello' },
      {
        warmUp: withOneToken,
        load: async (host, stack) => ({ ...base(host), authorizations: await stack.freshTokens(TOKENS_A_ROUND) }),
      },
    ),
}

/** More than a round can send; autocannon would start again with the first one. */
const TOKENS_A_ROUND = 24_000

const base = (host: RunningHost) => ({ url: `${host.url}/${SECRET}`, ...AT_LOAD })

async function withOneToken(host: RunningHost, stack: Stack) {
  return { ...base(host), headers: { authorization: `Bearer ${await stack.token('billing-app')}` } }
}
