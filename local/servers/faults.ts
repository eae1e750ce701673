import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { ServerAnswer, ServerRequest } from './http-server.ts'

/** What a test may do to the next requests of a server. */
const Fault = z.strictObject({
  kind: z.enum(['throttle', 'fail', 'delay', 'hang', 'reset', 'lose-answer', 'garbage', 'redirect', 'claims']),
  /** Only requests of this operation; all when absent. */
  operation: z.string().optional(),
  /** Only requests whose path (with query) starts so. */
  path: z.string().optional(),
  times: z.number().int().min(1).default(1),
  status: z.number().int().optional(),
  retryAfterSeconds: z.number().int().optional(),
  delayMs: z.number().int().optional(),
  /** Body of `garbage`. */
  body: z.string().optional(),
  location: z.string().optional(),
  /** Claims of a continuous-access challenge, as JSON text. */
  claims: z.string().optional(),
})

export type Fault = z.infer<typeof Fault>
export type FaultInput = z.input<typeof Fault>

export type Call = {
  /** Whose faults and counters: the vault's or account's name, the tenant, the issuer. Keeps test files apart. */
  scope: string
  operation: string
  path: string
}

export type Faults = {
  add(scope: string, fault: unknown): void
  clear(scope: string): void
  /** Counts the call and gives the fault that must happen to it, used up by one. */
  next(call: Call): Fault | undefined
  /** Calls by operation since the last `clear`. */
  counts(scope: string): Record<string, number>
}

/** Fault injection and request counters by scope. Without any fault added it only counts. */
export function createFaults(): Faults {
  const faults = new Map<string, Fault[]>()
  const counters = new Map<string, Map<string, number>>()
  return {
    add: (scope, fault) => void faults.set(scope, [...(faults.get(scope) ?? []), Fault.parse(fault)]),
    clear: (scope) => {
      faults.delete(scope)
      counters.delete(scope)
    },
    next({ scope, operation, path }) {
      const counts = counters.get(scope) ?? new Map<string, number>()
      counts.set(operation, (counts.get(operation) ?? 0) + 1)
      counters.set(scope, counts)
      const planned = faults.get(scope) ?? []
      const fault = planned.find(
        (item) =>
          item.times > 0 &&
          (item.operation === undefined || item.operation === operation) &&
          (item.path === undefined || path.startsWith(item.path)),
      )
      if (fault) fault.times -= 1
      return fault
    },
    counts: (scope) => Object.fromEntries(counters.get(scope) ?? []),
  }
}

/** How a server words a failure: `throttle`, `fail` and `claims` look as its real service makes them look. */
export type FaultShape = (fault: Fault) => ServerAnswer

/** Lets a fault happen in place of, before or after the act itself. */
export async function suffer(
  fault: Fault | undefined,
  act: () => Promise<ServerAnswer>,
  shape: FaultShape,
): Promise<ServerAnswer> {
  if (!fault) return act()
  switch (fault.kind) {
    case 'delay':
      await sleep(fault.delayMs ?? 1_000)
      return act()
    case 'hang':
    case 'reset':
      return fault.kind
    case 'lose-answer':
      await act()
      return 'reset'
    case 'garbage':
      return {
        status: fault.status ?? 200,
        headers: { 'content-type': 'application/json' },
        text: fault.body ?? '<html>',
      }
    case 'redirect':
      return { status: fault.status ?? 302, headers: { location: fault.location ?? 'https://elsewhere.invalid/' } }
    default:
      return shape(fault)
  }
}

/** `/_control/faults/<scope>` (POST adds, DELETE clears) and GET `/_control/counts/<scope>`; undefined when it is neither. */
export function answerFaultControl(faults: Faults, { method, url, body }: ServerRequest): ServerAnswer | undefined {
  const [, kind, scope] = /^\/_control\/(faults|counts)\/([^/]+)$/.exec(url.pathname) ?? []
  if (scope === undefined) return undefined
  if (kind === 'counts') return { status: 200, json: faults.counts(scope) }
  if (method === 'DELETE') faults.clear(scope)
  else faults.add(scope, JSON.parse(body))
  return { status: 204 }
}
