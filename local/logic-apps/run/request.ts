import { milliseconds, type Request } from '../workflow.ts'
import type { RunnerDeps } from './deps.ts'
import type { Ended } from './history.ts'
import { retryAfter, withRetries } from './retry.ts'
import type { Incoming, Outgoing } from './send.ts'

/** A request with all its texts evaluated, and how its action waits. */
export type Prepared = { request: Request; timeout?: string | undefined; isAsync: boolean }

export type Did = Pick<Ended, 'status' | 'code' | 'error' | 'inputs' | 'outputs' | 'retryHistory'>

/** How often Logic Apps asks when nobody says. */
const POLL_MS = 20_000
/** The longest that an action may wait without a limit of its own. */
const LONGEST = 'P90D'

/** Sends a request as an Http action does: with a token, retries, and polls of `Location` while the answer is 202. */
export async function perform({ request, timeout = LONGEST, isAsync }: Prepared, deps: RunnerDeps): Promise<Did> {
  // Once for all tries: a retry must be the same bytes under the same key.
  const outgoing = outgoingOf(request)
  const ask = (one: Outgoing, isAuthenticated: boolean) => async () =>
    deps.send(isAuthenticated ? await authenticated(one, request, deps) : one)
  const ends = deps.now() + milliseconds(timeout)
  let { answer, retryHistory } = await withRetries(ask(outgoing, true), request.retryPolicy, deps)
  for (;;) {
    const location = isAsync && answer?.status === 202 ? pollUrl(answer, outgoing) : undefined
    if (!location) return ended(request, answer, retryHistory)
    const pause = retryAfter(answer) ?? POLL_MS
    if (deps.now() + pause > ends)
      return { ...ended(request, answer, retryHistory), status: 'TimedOut', code: 'TimedOut' }
    await deps.wait(pause)
    const poll = ask({ method: 'GET', url: location, headers: {} }, deps.authenticatePolls)
    const polled = await withRetries(poll, request.retryPolicy, deps)
    answer = polled.answer
    retryHistory = [...retryHistory, ...polled.retryHistory]
  }
}

/** INVARIANT: a token goes to the origin that it was asked for, wherever a `Location` points. */
function pollUrl({ headers }: Incoming, { url }: Outgoing): string | undefined {
  const location = headers['location']
  if (location === undefined || !URL.canParse(location, url)) return undefined
  const target = new URL(location, url)
  return target.origin === new URL(url).origin ? target.href : undefined
}

function outgoingOf({ method, uri, headers = {}, queries = {}, body }: Request): Outgoing {
  const url = new URL(uri)
  for (const [name, value] of Object.entries(queries)) url.searchParams.append(name, value)
  const isText = typeof body === 'string'
  const hasType = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type')
  return {
    ...{ method, url: url.href },
    headers: { ...(body !== undefined && !isText && !hasType && { 'Content-Type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
  }
}

async function authenticated(
  outgoing: Outgoing,
  { authentication }: Request,
  { token }: RunnerDeps,
): Promise<Outgoing> {
  if (!authentication) return outgoing
  const value =
    authentication.type === 'Raw'
      ? authentication.value
      : `Bearer ${await token(authentication.audience, authentication.identity)}`
  return { ...outgoing, headers: { ...outgoing.headers, Authorization: value } }
}

function ended(request: Request, answer: Incoming | undefined, retries: NonNullable<Did['retryHistory']>): Did {
  const retryHistory = retries.length > 0 ? { retryHistory: retries } : {}
  const inputs = shown(request)
  if (!answer) {
    const error = { code: 'NoAnswer', message: 'The server could not be reached, or did not answer in time.' }
    return { status: 'Failed', code: error.code, error, inputs, ...retryHistory }
  }
  const { status, headers, body } = answer
  return {
    status: status < 400 ? 'Succeeded' : 'Failed',
    code: String(status),
    ...{ inputs, outputs: { statusCode: status, headers, body } },
    ...retryHistory,
  }
}

/** What is in `Authorization` Azure shows in no history, secured or not. */
function shown({ authentication, retryPolicy: _policy, ...request }: Request): unknown {
  if (!authentication) return request
  const { type } = authentication
  return { ...request, authentication: type === 'Raw' ? { type } : authentication }
}
