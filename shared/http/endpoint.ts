import type { Gateway } from '../gateway.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One HTTP request as plain data: made once by functions/index.ts, so nothing else knows the Functions runtime. */
export type GatewayRequest = {
  txn: string
  method: string
  /** Path as the host routed it, still percent-encoded. */
  path: string
  /** Route parameters, decoded once by the host (`%2F` stays encoded). */
  params: Readonly<Record<string, string>>
  /** Raw query, so that duplicates are seen (the host joins them in its own view). */
  query: URLSearchParams
  /** Lower-case name; the host joins repeated headers with `,`. */
  header(name: string): string | undefined
  /** The body as the host delivered it; the same bytes however often it is asked for. */
  body(): Promise<Uint8Array>
}

export type GatewayResponse = {
  status: number
  headers?: Record<string, string>
  /** Serialised as JSON; absent for an empty body. */
  json?: unknown
  /** Text as it is; needs its own content type in `headers`. */
  text?: string
}

export type Operation = (request: GatewayRequest, gateway: Gateway) => Promise<GatewayResponse>

/** Which shape errors take: RFC 9457 problem+json, or OAuth JSON (RFC 6749 §5.2). */
export type Dialect = 'problem' | 'oauth'

/** One path. All methods are registered for it, so that a wrong one gets our 405. */
export type Endpoint = {
  /** Function name; the host tries routes in the order of names. */
  name: string
  /** Without a leading slash: that takes the whole host down. */
  route: string
  dialect: Dialect
  methods: Partial<Record<Method, Operation>>
}
