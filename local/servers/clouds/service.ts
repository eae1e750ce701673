import type { FaultShape } from '../faults.ts'
import type { ServerAnswer, ServerRequest } from '../http-server.ts'

/** One stand-in behind the process `clouds`: what it answers, and how a test addresses its faults and counters. */
export type CloudService = {
  serves(host: string): boolean
  /** Whose faults and counters: a name out of the request that tells test files apart (pool, project, role, registry, hub). */
  scopeOf(request: ServerRequest): string
  /** Name of the call, for faults and counters. */
  operationOf(request: ServerRequest): string
  act(request: ServerRequest): Promise<ServerAnswer>
  /** How this service words an injected failure. */
  shape: FaultShape
}
