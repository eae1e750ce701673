import { type BrokerDeps, createBroker, type Fetch, type Fetched } from '../../../../shared/tokens/broker/broker.ts'
import { type UpstreamAnswer, UpstreamFailure } from '../../../../shared/tokens/broker/upstream-failure.ts'

export const HOUR = 3_600_000
export const MINUTE = 60_000
export const KEY = { tenant: 't', identity: 'app:one', resource: 'https://api.test' }

type How = Parameters<Fetch>[0]
export type Request = {
  how: How
  give(token: string, lifeMs?: number, refreshMs?: number): void
  fail(error: unknown): void
}

/** A broker on a hand-moved clock, before an upstream each of whose requests is answered by the test. */
export function slowUpstream(deps: Partial<BrokerDeps> = {}) {
  let time = 1_700_000_000_000
  const now = () => time
  const requests: Request[] = []
  const broker = createBroker({ now, ...deps })
  const fetch: Fetch = (how) =>
    new Promise<Fetched>((resolve, reject) => {
      const give = (token: string, lifeMs = HOUR, refreshMs?: number) =>
        resolve({ token, expiresAt: time + lifeMs, ...(refreshMs !== undefined && { refreshAt: time + refreshMs }) })
      requests.push({ how, give, fail: reject })
    })
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  return {
    broker,
    requests,
    fetch,
    settled,
    pass: (ms: number) => {
      time += ms
    },
    /** Asks, lets upstream answer the newest request, and gives what came. */
    async obtain(token: string, lifeMs?: number, refreshMs?: number) {
      const asked = broker.get(KEY, fetch)
      await settled()
      requests.at(-1)?.give(token, lifeMs, refreshMs)
      return asked
    },
    get: (options: Parameters<typeof broker.get>[2] = {}, key = KEY) => broker.get(key, fetch, options),
  }
}

export const answered = (answer: UpstreamAnswer) => new UpstreamFailure(answer)
