import { createHmac } from 'node:crypto'
import type { Table } from '../../shared/azure/table.ts'
import type { Gateway } from '../../shared/gateway.ts'
import { type Attempt, idempotent } from '../../shared/http/idempotency.ts'
import { createIdempotency } from '../../shared/http/idempotency-rows.ts'
import { gatewayRequest } from './gateway-request.ts'
import { principal } from './principal.ts'

type Sent = {
  key?: string
  body?: string
  method?: string
  path?: string
  who?: string
  through?: string
  type?: string
}
type Act = (attempt: Attempt) => Promise<{ status: number; json?: unknown }>

/** One gateway's view of the keys in a table; several on one table are several instances. */
export function idempotencyOn(table: Table, clock: { now: number }) {
  const gateway = {
    idempotency: createIdempotency({
      table,
      hashBody: async (body) => createHmac('sha256', 'value-hmac').update(body).digest('base64url'),
      now: () => clock.now,
    }),
  } satisfies Pick<Gateway, 'idempotency'>
  let count = 0
  return {
    send(sent: Sent, act: Act) {
      const { key, body = '{"a":1}', method = 'POST', path = '/v1/things', type = 'application/json' } = sent
      const headers = { 'content-type': type, ...(key !== undefined && { 'idempotency-key': key }) }
      const request = { ...gatewayRequest({ method, path, headers, body }) }
      if (key === '') request.header = (name) => (name === 'idempotency-key' ? '' : undefined)
      const chain = sent.through === undefined ? undefined : ['root', sent.through]
      const who = {
        ...principal({ id: sent.who ?? 'entra:t:o' }),
        ...(chain && { through: { chain, approvedBy: [], covers: () => true, use: async () => undefined } }),
      }
      return idempotent(request, gateway as Gateway, { txn: `txn-${++count}`, principal: who }, act)
    },
  }
}
