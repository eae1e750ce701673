import type { Agent } from 'node:https'
import { UpstreamFailure } from '../tokens/broker/upstream-failure.ts'
import { statusFailure } from './failure.ts'
import { callHttps } from './https-call.ts'

export type PostForm = (url: string, form: Record<string, string>, signal: AbortSignal) => Promise<unknown>

/**
 * POSTs a form to a token service that has no client library and gives its JSON; throws UpstreamFailure and nothing of the answer.
 */
export function createPostForm(agent?: Agent): PostForm {
  return async (url, form, signal) => {
    const { status, header, body } = await callHttps(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
      signal,
      ...(agent && { agent }),
    })
    if (status === 200) return parse(body)
    throw new UpstreamFailure({ ...statusFailure({ status, headers: { get: header } }), error: oauthError(body) })
  }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new UpstreamFailure({})
  }
}

function oauthError(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as { error?: unknown }
    return typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? error : undefined
  } catch {
    return undefined
  }
}
