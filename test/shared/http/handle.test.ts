import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../shared/errors.ts'
import type { Gateway } from '../../../shared/gateway.ts'
import type { Endpoint, Operation } from '../../../shared/http/endpoint.ts'
import { handle } from '../../../shared/http/handle.ts'
import type { LogLine } from '../../../shared/log.ts'
import { gatewayRequest } from '../../support/gateway-request.ts'

const logged: LogLine[] = []
const limited = new Map<string, Record<string, string>>()
/** `handle` itself needs no more of the gateway than these. */
const gateway = {
  config: { issuer: 'https://gw.example' },
  log: (line: LogLine) => logged.push(line),
  limitFields: (txn: string) => limited.get(txn),
} as unknown as Gateway

const endpoint = (GET: Operation): Endpoint => ({ name: 'probe', route: 'probe', dialect: 'problem', methods: { GET } })
const call = (operation: Operation, method = 'GET') => handle(endpoint(operation), gatewayRequest({ method }), gateway)

describe('handle', () => {
  it.each(['HEAD', 'POST', 'OPTIONS', 'TRACE', 'get', '__proto__', 'constructor'])(
    '405 method_not_allowed: %s, with Allow',
    async (method) => {
      const answer = await call(async () => ({ status: 200 }), method)
      expect(answer).toMatchObject({ status: 405, headers: { Allow: 'GET', 'X-Sallyport-Txn': 'txn-1' } })
    },
  )

  it('500 internal: an unexpected error says nothing, on the wire or in the log (T18)', async () => {
    logged.length = 0
    const answer = await call(async () => {
      throw new TypeError('canary-value-in-message')
    })
    expect(answer).toMatchObject({ status: 500, json: { code: 'internal', instance: 'txn-1' } })
    expect(JSON.stringify([answer, logged])).not.toContain('canary')
    expect(logged).toMatchObject([{ level: 'error', reason: 'unexpected_TypeError', frames: expect.any(Array) }])
  })

  it('never lets an answer be cached unless the operation says so', async () => {
    expect((await call(async () => ({ status: 200 }))).headers?.['Cache-Control']).toBe('no-store')
    const open = await call(async () => ({ status: 200, headers: { 'Cache-Control': 'public' } }))
    expect(open.headers?.['Cache-Control']).toBe('public')
  })

  it('puts the RateLimit fields into whatever answer leaves: no operation can forget them', async () => {
    limited.set('txn-1', { RateLimit: '"rate";r=1;t=2' })
    const refused = async () => {
      throw new GatewayError('storage_unavailable', 'later')
    }
    const answers = [await call(async () => ({ status: 200 })), await call(refused)]
    expect(answers.map(({ headers }) => headers?.['RateLimit'])).toEqual(['"rate";r=1;t=2', '"rate";r=1;t=2'])
    limited.clear()
    expect((await call(async () => ({ status: 200 }))).headers).not.toHaveProperty('RateLimit')
  })

  it('logs a refusal by its internal reason', async () => {
    logged.length = 0
    await call(async () => {
      throw new GatewayError('access_denied', 'no_permit')
    })
    expect(logged).toEqual([
      { level: 'info', event: 'refused', txn: 'txn-1', endpoint: 'probe', code: 'access_denied', reason: 'no_permit' },
    ])
  })
})
