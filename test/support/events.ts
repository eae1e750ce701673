import { createHash, randomUUID } from 'node:crypto'
import type { Entry } from '../../shared/audit/entry.ts'
import { readAllowedHosts } from '../../shared/callbacks/allowed-hosts.ts'
import type { CallOut, Incoming } from '../../shared/callbacks/call-out.ts'
import { GatewayError } from '../../shared/errors.ts'
import type { EventType, GatewayEvent } from '../../shared/events/event.ts'
import { createEvents } from '../../shared/events/events.ts'
import { createGate } from '../../shared/gate.ts'
import type { StoredContext } from '../../shared/grants/access-context.ts'
import { createOpenItems, type OpenItem } from '../../shared/grants/open-items.ts'
import type { Principal } from '../../shared/identity/principal.ts'
import type { Question } from '../../shared/policy/decision.ts'
import type { Secret } from '../../shared/secrets/secret.ts'
import { createMemoryTable } from './memory-table.ts'
import { principal } from './principal.ts'
import { counted, type createCalls, createMemoryVault } from './rotation-memory.ts'

export const START = Date.UTC(2026, 10, 26, 9)
export const MAX_SECONDS = 3_600
const HMAC = (text: string) => createHash('sha256').update(`k${text}`).digest('base64url')

export type Received = { url: string; event: Record<string, unknown>; headers: Readonly<Record<string, string>> }

export const incoming = (status: number, headers: Record<string, string> = {}): Incoming => ({
  ...{ status, body: '', header: (name) => headers[name] },
})

/** Events over tables and a vault in memory, with a door whose policy is a function, and a receiver that is one too. */
export function createEventsWorld() {
  const clock = { now: START }
  const now = () => clock.now
  const [table, leases, vault] = [createMemoryTable(), createMemoryTable(), createMemoryVault(now)]
  const received: Received[] = []
  const entries: Entry[] = []
  const lines: object[] = []
  const runs: string[] = []
  const world = {
    permits: (_question: Question): boolean => true,
    answer: async (_url: string): Promise<Incoming> => incoming(204),
    throughOf: (_grant: string): Promise<NonNullable<Principal['through']>> =>
      Promise.reject(new GatewayError('access_denied', 'grant_revoked')),
    grants: new Map<string, StoredContext>(),
    rotates: (_secret: string): boolean | Promise<boolean> => true,
    mode: 'auto',
    policyDown: false,
    trusted: true,
    random: 0.5,
    maxSeconds: MAX_SECONDS,
  }
  const receive: CallOut = async (url, { body = '', headers = {} }) => {
    received.push({ url, event: JSON.parse(body), headers })
    return world.answer(url)
  }
  const line = (event: string, detail: object) => void lines.push({ event, ...detail })

  function instance({ calls, callOut = receive }: { calls?: ReturnType<typeof createCalls>; callOut?: CallOut } = {}) {
    const through = <T extends object>(target: T): T => (calls ? counted(target, calls.call) : target)
    const journal = {
      record: async (entry: Entry) => ({ wid: 'w', seq: entries.push(entry), macPrefix: 'm' }),
      follow: (entry: Entry) => void entries.push(entry),
      close: async () => {},
    }
    const gate = createGate({
      decide: (question) => ({
        ...{ effect: world.permits(question) ? ('permit' as const) : ('deny' as const), reason: 'test' },
        ...{ statementIds: [], reported: [], obligations: {}, revision: 1 },
      }),
      refreshPolicy: async () => {},
      // No permit here has a rate or a quota.
      limits: { take: async () => undefined },
      journal,
      now,
    })
    const outside = <T>(act: () => Promise<T>): Promise<T> => (calls ? calls.call(act) : act())
    return createEvents({
      ...{ table: through(table), leases: through(leases), gatewayVault: through(vault), now },
      ...{ maxSeconds: world.maxSeconds, source: 'https://gateway.test' },
      admit: gate.admit,
      seal: async () => HMAC,
      hashValue: async (value: Secret) => value.within(HMAC),
      allowed: readAllowedHosts('hooks.example.com,*.logic.azure.com', { stubs: false }),
      pause: async () => {
        clock.now += 200
      },
      random: () => world.random,
      callOut: (url, outgoing) => outside(() => callOut(url, outgoing)),
      signCallback: async (_url, body) => `signed ${body.length}`,
      note: async (event, detail) => {
        const time = new Date(now()).toISOString()
        await outside(() => journal.record({ kind: 'system', time, event, detail }))
      },
      report: line,
      alarm: line,
      refreshPolicy: async () => {
        if (world.policyDown) throw new GatewayError('policy_unavailable', 'test')
      },
      throughOf: (grant) => world.throughOf(grant),
      isTrusted: () => world.trusted,
      readGrant: async (id) => world.grants.get(id) ?? 'unknown',
      rotate: ({ secret, operation }) =>
        outside(async () => {
          if (!(await world.rotates(secret))) return undefined
          if (!runs.includes(operation)) runs.push(operation)
          return { rotation: { name: 'it', mode: world.mode }, run: { id: operation } } as never
        }),
    })
  }

  return Object.assign(world, {
    ...{ clock, table, leases, vault, received, entries, lines, runs, instance },
    subscribe: (events: readonly EventType[], who: Partial<Principal> = {}, path = 'a') =>
      instance().subscribe({
        caller: {
          txn: randomUUID(),
          principal: principal({ validatedAt: clock.now, expiresAt: clock.now + 60_000, ...who }),
          context: {},
        },
        callbackUrl: urlOf(path),
        events,
      }),
    /** As a grant leaves it. */
    openItem: (item: OpenItem) => createOpenItems({ table, now: () => START, seal: async () => HMAC }).add(item),
    /** Rows of a partition, as storage has them. */
    rows: (partition: string) => table.rows().filter(({ partitionKey }) => partitionKey === partition),
    /** Notes of the journal by their event. */
    noted: (event: string) =>
      entries.flatMap((entry) => (entry.kind === 'system' && entry.event === event ? [entry.detail] : [])),
  })
}

export type EventsWorld = ReturnType<typeof createEventsWorld>

export const SIGNATURE = 'sig-kept-4b1f09e2'
export const urlOf = (path: string) => `https://hooks.example.com/${path}?sig=${SIGNATURE}`

export const rotated = (id = 'run-1-rotated', name = 'orders'): GatewayEvent => ({
  ...{ type: 'secret.rotated', id, at: START, subject: `rotation/${name}` },
  data: { rotation: name, secret: `main/${name}`, run: 'run-1', version: 'v1' },
})
