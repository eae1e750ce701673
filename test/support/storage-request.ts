import { type Place, placeOf } from '../../local/servers/clouds/delegated-storage/place.ts'
import type { ServerAnswer, ServerRequest } from '../../local/servers/http-server.ts'

type Parts = { method?: string; headers?: Record<string, string>; body?: string; address?: string }

/** A request as the local http server makes it. */
export const storageRequest = (
  url: string,
  { method = 'GET', headers = {}, body = '', address = '127.0.0.1' }: Parts = {},
): ServerRequest => ({ method, url: new URL(url), headers, body, address })

/** With what it is about; its path is well-formed. */
export function placed(request: ServerRequest): [ServerRequest, Place] {
  const place = placeOf(request)
  if (!place) throw new Error(`${request.url} is about nothing`)
  return [request, place]
}

/** An answer that is neither a hang nor a reset. */
export function spoken(answer: ServerAnswer | undefined) {
  if (answer === undefined || typeof answer === 'string') throw new Error(`no answer but ${answer}`)
  return { status: answer.status, headers: answer.headers ?? {}, text: answer.text ?? '' }
}
