import { posix } from 'node:path'
import type { ServerRequest } from '../../http-server.ts'

export type StorageService = 'blob' | 'queue' | 'table'

/** What a request is about: the service of an account, and the decoded segments of its path (container first for a blob). */
export type Place = { account: string; service: StorageService; segments: readonly string[] }

/** Undefined for a path that is no URL-encoded text. */
export function placeOf({ url }: ServerRequest): Place | undefined {
  const [account = '', service = ''] = url.hostname.split('.')
  try {
    const segments = url.pathname.split('/').slice(1).map(decodeURIComponent)
    const place = { account, service: service as StorageService, segments: segments[0] === '' ? [] : segments }
    return service === 'blob' ? { ...place, segments: plainSegments(place.segments) } : place
  } catch {
    return undefined
  }
}

/** A slash or dot that came encoded counts like a plain one: `dir%2f..%2fx` must not pass as something below `dir`. */
function plainSegments(segments: readonly string[]): string[] {
  return posix
    .normalize(`/${segments.join('/')}`)
    .split('/')
    .filter((segment) => segment !== '')
}
