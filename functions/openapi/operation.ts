import type { z } from 'zod'
import type { ErrorCode } from '../../shared/errors.ts'
import type { Method } from '../../shared/http/endpoint.ts'
import type { Action } from '../../shared/policy/actions.ts'
import type { RequestHeader, ResponseHeader } from './headers.ts'

/**
 * One operation as the OpenAPI documents describe it: data beside the endpoint, never loaded by the gateway itself (its
 * schemas would be part of every cold start). What every operation of its kind has is not said here but added by
 * local/openapi/: bearer token, context headers, the error codes of body, door and idempotency.
 */
export type Description = {
  /** PascalCase: its name in Logic Apps and in generated clients. */
  id: string
  tag: Tag
  /** Sentence case, no full stop. */
  summary: string
  description: string
  /** Where designers show it. */
  visibility: 'important' | 'advanced' | 'internal'
  /** `client`: a caller, or who says in the form who it is (RFC 7523). */
  caller: 'anybody' | 'token' | 'client'
  /** What policy is asked; absent where nothing is decided. */
  actions?: readonly Action[]
  /** Refuses with a permit of its own kind, or answers what is permitted (a list): then nobody is refused. */
  door?: 'refuses' | 'filters'
  path?: z.ZodObject
  query?: z.ZodObject
  headers?: readonly RequestHeader[]
  /** The schema that the handler parses with. */
  body?: { kind: 'json' | 'form'; schema: z.ZodType }
  /** Where it takes `Idempotency-Key`. */
  idempotent?: true
  answers: Readonly<Record<number, Answer>>
  /** Beyond those of its kind. */
  codes?: readonly ErrorCode[]
  /** A webhook's subscription, which Logic Apps shows as a trigger: what is sent to the address in this field of the body. */
  webhook?: { callback: string; sends: z.ZodType; what: string }
}

export type Answer = {
  what: string
  /** JSON; absent: no body. */
  body?: z.ZodType
  /** Instead of JSON, or beside it. */
  text?: 'text/html'
  headers?: readonly ResponseHeader[]
}

/** By `<method> /<route>`. */
export type Descriptions = Readonly<Record<`${Method} /${string}`, Description>>

export const TAGS = {
  Secrets: 'Values of Key Vault secrets, their versions, and writing them.',
  Handles: 'One-time handles: a value reaches its reader without passing through whoever starts the delivery.',
  Tokens: 'Short-lived tokens of the targets that policy names.',
  Grants: 'Access contexts: bounded in time, uses, actions and resources; delegable and revocable.',
  Rotations: 'Rotation of secrets: state, impact, runs.',
  Policies: 'Policy documents, plans, explanations and replays.',
  Reports: 'What the daily review found.',
  Events: 'Webhooks for what happens to secrets.',
  OAuth: 'OAuth 2.0: token exchange, introspection, revocation, discovery.',
  Service: 'Health, and these documents.',
} as const

type Tag = keyof typeof TAGS
