import { ERRORS, GatewayError } from '../errors.ts'
import type { Gateway } from '../gateway.ts'
import type { Caller } from './caller.ts'
import type { GatewayRequest, GatewayResponse } from './endpoint.ts'

/** One try of what a request asks for. What it creates takes its id from `id`, so that another try makes the same thing. */
export type Attempt = {
  /** The same for every try under one `Idempotency-Key`. */
  id: string
  /** An earlier try may have done it already: look first. */
  repeated: boolean
  /** An earlier try has done it and was answered: what cannot be found any more is never done anew. */
  answered: boolean
}

type Who = Pick<Caller, 'txn' | 'principal'>

/** Printable ASCII: what a key looks like is its maker's choice. */
const KEY = /^[\x20-\x7e]{1,128}$/

/**
 * Runs `act` once for all requests with the same `Idempotency-Key`, principal, presented grant, method and path; without that
 * header it simply runs it. A repeat decides and journals again and gets the first answer's status. Throws `invalid_request`,
 * `idempotency_mismatch`, `idempotency_expired`, `in_progress`, `storage_unavailable`, `keys_unavailable`.
 * INVARIANT: an `act` that fails with a 4xx has changed nothing that a retry must find: its key is forgotten.
 */
export async function idempotent(
  request: GatewayRequest,
  gateway: Pick<Gateway, 'idempotency'>,
  { txn, principal }: Who,
  act: (attempt: Attempt) => Promise<GatewayResponse>,
): Promise<GatewayResponse> {
  const key = readKey(request.header('idempotency-key'))
  if (key === undefined) return act({ id: txn, repeated: false, answered: false })
  const scope = [principal.id, principal.through?.chain.at(-1) ?? '', request.method, request.path, key]
  const begun = await gateway.idempotency.begin({ id: txn, scope, body: await sameEachTime(request) })
  const { id } = begun
  if (begun.kind === 'answered') {
    const again = await act({ id, repeated: true, answered: true })
    return isRefusal(again.status) ? again : { ...again, status: begun.status }
  }
  const answer = await act({ id, repeated: begun.kind === 'resumed', answered: false }).catch(
    async (error: unknown) => {
      await begun.failed({ changedNothing: error instanceof GatewayError && ERRORS[error.code].status < 500 })
      throw error
    },
  )
  if (isRefusal(answer.status)) await begun.failed({ changedNothing: answer.status < 500 })
  else await begun.succeeded(answer.status)
  return answer
}

const isRefusal = (status: number) => status >= 400

/** Read before anybody is asked anything: a malformed key is not the same as none. */
function readKey(header: string | undefined): string | undefined {
  if (header === undefined || KEY.test(header)) return header
  const detail = '`Idempotency-Key` has 1 to 128 characters of printable ASCII'
  throw new GatewayError('invalid_request', 'idempotency_key', { detail })
}

/**
 * The bytes that a repeat must have. A client assertion says who calls, like `Authorization`, and serves once (RFC 7523 §3):
 * a repeat needs a new one and is the same request all the same.
 */
async function sameEachTime(request: GatewayRequest): Promise<string> {
  const body = new TextDecoder().decode(await request.body())
  if (!request.header('content-type')?.toLowerCase().startsWith('application/x-www-form-urlencoded')) return body
  return body
    .split('&')
    .filter((parameter) => !parameter.startsWith('client_assertion='))
    .join('&')
}
