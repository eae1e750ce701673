import { randomUUID } from 'node:crypto'
import { healthz } from '../../../functions/healthz.ts'
import { jwks } from '../../../functions/jwks.ts'
import { secret } from '../../../functions/secret.ts'
import { tokens } from '../../../functions/tokens.ts'
import { whoami } from '../../../functions/whoami.ts'
import { createGateway } from '../../../shared/gateway.ts'
import type { Endpoint, GatewayResponse } from '../../../shared/http/endpoint.ts'
import { handle } from '../../../shared/http/handle.ts'
import { gatewayRequest } from '../gateway-request.ts'
import { described } from '../openapi/described.ts'
import type { TestRig } from '../rig.ts'
import type { Caller } from '../tenant.ts'
import type { Act, Outcome } from './expected.ts'

/** Names of one row's secrets, so that rows do not meet. */
export type Names = { cached: string; uncached: string; written: string }

export type Done = {
  act: Act
  /** What `set` writes. */
  written: string
  outcome: Outcome
  txn: string
  text: string
  retryAfter: string | undefined
}

/** One gateway under test. */
export type Subject = {
  do(act: Act): Promise<Done>
  lines: Record<string, unknown>[]
  close(): Promise<void>
}

export type SubjectOptions = {
  local: TestRig
  tokens: ReadonlyMap<Caller, string>
  names: Names
  /** Host → address of a link that stands before it. */
  links: Record<string, string>
  journalDeadlineMs: number
  now(): number
}

/** How long cached secrets and the policy set serve; {@link PAST_SECONDS} later they do not. */
const CACHE_SECONDS = 60
export const PAST_SECONDS = CACHE_SECONDS + 10

/** Far longer than any deadline of the gateway's: an answer must come by itself. */
const PATIENCE_MS = 60_000

type Parts = { endpoint: Endpoint; method?: string; who?: Caller; params?: Record<string, string>; body?: object }

/** A gateway on the run's servers whose calls to some hosts go over links; called below HTTP, at `handle`. */
export function createSubject({ local, tokens, names, links, journalDeadlineMs, now }: SubjectOptions): Subject {
  const hosts = local.environment['SALLYPORT_LOCAL_HOSTS'] ?? ''
  const routes = { ...Object.fromEntries(hosts.split(',').map((pair) => pair.split('='))), ...links }
  const config = local.config({
    SALLYPORT_LOCAL_HOSTS: Object.entries(routes)
      .map(([host, address]) => `${host}=${address}`)
      .join(','),
    SALLYPORT_SECRET_CACHE_SECONDS: String(CACHE_SECONDS),
    SALLYPORT_POLICY_MAX_STALE_SECONDS: String(CACHE_SECONDS),
    // Rarely by itself: a look at storage that was under way while the test moves the clock would count as an old one.
    SALLYPORT_POLICY_POLL_SECONDS: '20',
    SALLYPORT_JOURNAL_DEADLINE_MS: String(journalDeadlineMs),
  })
  const lines: Record<string, unknown>[] = []
  const gateway = createGateway(config, { now, log: (line) => lines.push(line) })
  const acts = actsOn(names)
  return {
    lines,
    async do(act) {
      const { endpoint, method = 'GET', who, params = {}, body } = acts[act]
      const txn = randomUUID()
      const headers = {
        ...(who && { authorization: `Bearer ${tokens.get(who)}` }),
        ...(body && { 'content-type': 'application/json' }),
      }
      const text = body ? JSON.stringify(body) : ''
      const request = gatewayRequest({ txn, method, params, headers, body: text })
      const answer = await inTime(act, handle(endpoint, request, gateway))
      return { act, txn, written: names.written, ...seen(described(endpoint, request.method, answer)) }
    },
    close: () => gateway.close(),
  }
}

function actsOn({ cached, uncached, written }: Names): Record<Act, Parts> {
  const read = (name: string): Parts => ({ endpoint: secret, who: 'billing-app', params: { vault: 'main', name } })
  return {
    'read cached': read(cached),
    'read uncached': read(uncached),
    set: {
      endpoint: secret,
      method: 'PUT',
      who: 'deploy-app',
      params: { vault: 'main', name: written },
      body: { value: 'written' },
    },
    issue: { endpoint: tokens, method: 'POST', who: 'billing-app', body: { target: 'ledger-api' } },
    whoami: { endpoint: whoami, who: 'billing-app' },
    jwks: { endpoint: jwks },
    healthz: { endpoint: healthz },
  }
}

function seen({ status, headers = {}, json }: GatewayResponse) {
  const body = (json ?? {}) as Record<string, unknown>
  const code = body['code'] ?? body['error']
  const stale = headers['X-Sallyport-Cache'] === 'stale' ? ' stale' : ''
  const outcome = status < 300 ? `ok${stale}` : [status, codeOf(code)].filter(Boolean).join(' ')
  return { outcome, text: JSON.stringify(json), retryAfter: headers['Retry-After'] }
}

/** The OAuth dialect says `temporarily_unavailable`; its one public document can lack the keys only. */
const codeOf = (code: unknown) => (code === 'temporarily_unavailable' ? 'keys_unavailable' : code)

async function inTime<T>(act: Act, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${act}: no answer came`)), PATIENCE_MS)
  })
  return Promise.race([answer, limit]).finally(() => clearTimeout(timer))
}
