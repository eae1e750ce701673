import { randomUUID } from 'node:crypto'
import type { Entry } from '../../shared/audit/entry.ts'
import { queryJournal } from '../../shared/audit/query.ts'
import { createAzure } from '../../shared/azure/azure.ts'
import { createGateway } from '../../shared/gateway.ts'
import type { Endpoint, GatewayResponse } from '../../shared/http/endpoint.ts'
import { handle } from '../../shared/http/handle.ts'
import { applyPolicies } from '../../shared/policy/apply.ts'
import { loadDocuments } from '../../shared/policy/load-documents.ts'
import { gatewayRequest } from './gateway-request.ts'
import { endsWithTheFile } from './leftovers.ts'
import { described } from './openapi/described.ts'
import type { TestRig } from './rig.ts'
import { type Caller, directory } from './tenant.ts'

export type Call = {
  method?: string
  params?: Record<string, string>
  query?: string
  headers?: Record<string, string>
  body?: unknown
}

/** A statement that permits (or forbids) a seeded caller the roles on the resources. */
export const statement = (id: string, who: Caller, roles: string[], resources: string[], more: object = {}) => ({
  kind: 'statement',
  id,
  effect: 'permit',
  principals: [{ entra: { tenant: directory.tenant, objectId: directory.app(who).objectId } }],
  roles,
  resources,
  owner: 'team-test',
  ...more,
})

type Options = { now?: () => number; settings?: Record<string, string> }

/** The whole gateway on the run's servers, with the example policies and more; called below HTTP, at `handle`. */
export async function secretGateway(
  local: TestRig,
  documents: object[] = [],
  { now = Date.now, settings }: Options = {},
) {
  await local.createStorage()
  const azure = createAzure(local.config())
  const examples = await loadDocuments('local/seed/policies')
  await applyPolicies({ table: azure.table('policies'), documents: [...examples, ...documents], now })
  const lines: object[] = []
  // A cold start makes the keys first; on a busy machine that may take longer than a request may in production.
  const config = local.config({ SALLYPORT_JOURNAL_DEADLINE_MS: '20000', ...settings })
  const gateway = createGateway(config, { now, log: (line) => lines.push(line) })
  endsWithTheFile(gateway.close)
  const tokens = new Map<Caller, Promise<string>>()

  const call = async (endpoint: Endpoint, who: Caller | undefined, request: Call = {}): Promise<GatewayResponse> => {
    const { method = 'GET', params = {}, query = '', headers = {}, body } = request
    if (who && !tokens.has(who)) tokens.set(who, local.callerToken(who))
    const path = `/${endpoint.route.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '')}`
    const sent = {
      ...(who && { authorization: `Bearer ${await tokens.get(who)}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    }
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
    const made = gatewayRequest({ txn: randomUUID(), method, path, params, query, headers: sent, body: text })
    return described(endpoint, method, await handle(endpoint, made, gateway))
  }

  /** All entries that are durable by now, in no particular order. */
  const journal = async (): Promise<Entry[]> => {
    const hits: Entry[] = []
    const asked = { table: azure.table('audit'), filter: {}, order: 'oldest' as const, now: Date.now() }
    for await (const hit of queryJournal(asked)) hits.push(hit.entry)
    return hits
  }

  return { gateway, azure, call, journal, lines }
}

/** What a caller sees of an answer, ids taken out: bytes to compare. */
export function seen({ status, headers = {}, json }: GatewayResponse): string {
  const { 'X-Sallyport-Txn': _txn, 'X-Sallyport-Receipt': _receipt, ...others } = headers
  const { instance: _instance, ...body } = (json ?? {}) as Record<string, unknown>
  return JSON.stringify({ status, others, body })
}
