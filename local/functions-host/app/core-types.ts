/*
 * The protocol between @azure/functions and its runtime, as the Node.js worker speaks it
 * (azure-functions-nodejs-worker, types-core). Only what HTTP and timer functions need.
 */

export type LogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none'
export type LogCategory = 'user' | 'system' | 'customMetric'

export type Binding = { type?: string; direction?: string; name?: string } & Record<string, unknown>

export type Duration = { seconds?: number; nanos?: number }

export type RetryOptions = {
  retryStrategy?: string
  /** -1 retries for ever. */
  maxRetryCount?: number
  delayInterval?: Duration
  minimumInterval?: Duration
  maximumInterval?: Duration
}

export type FunctionMetadata = { name: string; bindings: Record<string, Binding>; retryOptions?: RetryOptions }

export type FunctionCallback = (...args: unknown[]) => unknown

export type RpcCookie = {
  name: string
  value: string
  domain?: { value?: string }
  path?: { value?: string }
  expires?: { value?: { seconds?: number } }
  secure?: { value?: boolean }
  httpOnly?: { value?: boolean }
  sameSite?: 'none' | 'lax' | 'strict' | 'explicitNone'
  maxAge?: { value?: number }
}

export type RpcHttpRequest = {
  url: string
  method: string
  headers: Record<string, string>
  params: Record<string, string>
  query: Record<string, string>
  body?: { bytes: Uint8Array }
}

export type RpcHttpResponse = {
  statusCode?: string
  headers?: Record<string, string>
  cookies?: RpcCookie[]
  body?: RpcData | null
}

export type RpcData = {
  string?: string
  json?: string
  bytes?: Uint8Array
  http?: RpcHttpRequest | RpcHttpResponse
}

export type RetryContext = {
  retryCount: number
  maxRetryCount: number
  exception?: { source: string; stackTrace: string; message: string }
}

export type CoreContext = {
  invocationId: string
  request: {
    inputData: { name: string; data: RpcData }[]
    triggerMetadata: Record<string, RpcData>
    traceContext: { traceParent: string; traceState: string; attributes: Record<string, string> }
    retryContext?: RetryContext
  }
  metadata: FunctionMetadata
  state: 'preInvocationHooks' | 'invocation' | 'postInvocationHooks' | undefined
  log(level: LogLevel, category: LogCategory, message: string): void
}

export type InvocationModel = {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>
  invokeFunction(context: unknown, inputs: unknown[], callback: FunctionCallback): Promise<unknown>
  getResponse(context: unknown, result: unknown): Promise<{ returnValue?: RpcData | null }>
}

export type ProgrammingModel = {
  name: string
  version: string
  getInvocationModel(context: CoreContext): InvocationModel
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>
}
