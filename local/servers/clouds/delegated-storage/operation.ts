import type { ServerAnswer, ServerRequest } from '../../http-server.ts'
import type { Place } from './place.ts'

/** One call of a service that this server knows. */
export type Operation = {
  /** For faults and counters. */
  name: string
  /** Each entry is enough: the letters of `sp` that together permit it. Empty: no SAS permits it. */
  permissions: readonly string[]
  run(): ServerAnswer
}

/** Undefined for a call that this server does not know. */
export type FindOperation = (request: ServerRequest, place: Place) => Operation | undefined
