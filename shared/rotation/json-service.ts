/**
 * One call of Microsoft Graph or Azure Resource Manager under the gateway's own identity; `path` begins with `/`. Undefined for
 * an answer without a body. Throws UpstreamFailure.
 */
export type JsonService = (
  method: 'GET' | 'POST',
  path: string,
  options: { body?: unknown; signal: AbortSignal },
) => Promise<unknown>
