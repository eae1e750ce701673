import { text } from 'node:stream/consumers'
import autocannon from 'autocannon'
import type { Load, LoadResult } from './load.ts'

const options = JSON.parse(await text(process.stdin)) as Load
const {
  url,
  connections,
  seconds,
  method = 'GET',
  body,
  requestsPerSecond,
  headers = {},
  authorizations = [],
} = options

let nextClient = 0
const share = Math.floor(authorizations.length / connections)

const result = await autocannon({
  url,
  connections,
  duration: seconds,
  method,
  ...(body !== undefined && { body }),
  ...(requestsPerSecond !== undefined && { overallRate: requestsPerSecond }),
  headers,
  timeout: 30,
  // Each connection has tokens of its own, so that no token is ever sent twice.
  ...(authorizations.length > 0 && {
    setupClient: (client) => {
      const first = nextClient++ * share
      const own = authorizations.slice(first, first + share)
      client.setRequests(
        own.map((authorization) => ({ method: 'GET' as const, headers: { ...headers, authorization } })),
      )
    },
  }),
})

process.stdout.write(
  JSON.stringify({
    requestsPerSecond: result.requests.average,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    answered: result['2xx'],
    notOk: result.non2xx + result.errors + result.timeouts,
  } satisfies LoadResult),
)
