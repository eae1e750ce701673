import { z } from 'zod'

type Header = { what: string; schema: z.ZodType }

const text = (max: number) => z.string().min(1).max(max)

/** Headers that operations read beside `Authorization`. */
export const REQUEST_HEADERS = {
  'X-Sallyport-Reason': {
    what: 'Why this is asked for: printable, and something that says something. The same as `reason` in a body.',
    schema: text(256),
  },
  'X-Sallyport-Purpose': {
    what: 'What it is for, as the caller declares it: recorded, may narrow what policy permits, proves nothing.',
    schema: z.string().regex(/^[a-z0-9-]{1,64}$/),
  },
  'X-Sallyport-Ticket': {
    what: 'Number of the incident or change, where policy asks for one.',
    schema: z.string().regex(/^[A-Za-z0-9._#/-]{1,128}$/),
  },
  DPoP: {
    what: 'Proof of possession (RFC 9449), one for each request; with `Authorization: DPoP <token>` where the token is bound.',
    schema: z.string(),
  },
  'Idempotency-Key': {
    what: 'The same key and body have one effect, for 24 hours; send it wherever the sender retries (Logic Apps does).',
    schema: z.string().regex(/^[\x20-\x7e]{1,128}$/),
  },
  'If-Match': { what: 'Entity tags: done only where one of them is the current one.', schema: text(4_096) },
  'If-None-Match': {
    what: 'Entity tags, or `*`: read only where none is the current one; written only where it does not exist (`*`).',
    schema: text(4_096),
  },
  Accept: { what: '`text/html` gets a page to print; anything else JSON.', schema: z.string() },
} as const satisfies Record<string, Header>

export type RequestHeader = keyof typeof REQUEST_HEADERS

/** Headers of answers. */
export const RESPONSE_HEADERS = {
  'X-Sallyport-Txn': { what: 'Transaction of this request; `instance` of a refusal.', schema: z.uuid() },
  'X-Sallyport-Receipt': {
    what: 'Where the journal holds this request: writer, number and the beginning of its MAC.',
    schema: z.string(),
  },
  'X-Sallyport-Cache': {
    what: '`stale`: the vault throttles, and this copy is past its time.',
    schema: z.literal('stale'),
  },
  ETag: { what: 'Entity tag of what was read or written.', schema: z.string() },
  Location: { what: 'Where to ask how it goes on, or where it is to be found.', schema: z.string() },
  'Retry-After': { what: 'Seconds after which to ask again.', schema: z.string().regex(/^\d+$/) },
  'WWW-Authenticate': { what: 'What would be accepted (RFC 6750, RFC 9449, RFC 9728).', schema: z.string() },
  'Content-Security-Policy': { what: 'The page runs no scripts and loads nothing.', schema: z.string() },
  'Referrer-Policy': { what: 'The page tells nobody where it is.', schema: z.string() },
  'Access-Control-Allow-Origin': { what: '`*`: this document is for anybody.', schema: z.literal('*') },
  Pragma: { what: '`no-cache` (RFC 6749 §5.1).', schema: z.literal('no-cache') },
  'RateLimit-Policy': {
    what: 'Rates and quotas that apply (draft-ietf-httpapi-ratelimit-headers).',
    schema: z.string(),
  },
  RateLimit: { what: 'What is left of them.', schema: z.string() },
  Vary: { what: 'What else the answer depends on.', schema: z.string() },
} as const satisfies Record<string, Header>

export type ResponseHeader = keyof typeof RESPONSE_HEADERS
