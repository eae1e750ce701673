import { GatewayError } from '../../errors.ts'
import { isBlobPath } from '../../policy/documents/target-kinds/storage-path.ts'
import { type StorageSasToken, sasResource, sasService } from '../../policy/documents/target-kinds/storage-sas.ts'
import type { SasPlace } from './sas.ts'

/** What is true of this gateway: which accounts exist for it, and which is its own. */
export type StorageFacts = {
  /** Suffixes of the cloud's services, such as `blob.core.windows.net`. */
  suffixes: Record<'blob' | 'queue' | 'table', string>
  /** What it lives on: journal, policies, grants, the issuer's page, the Functions host. INVARIANT: no SAS ever opens one. */
  ownAccounts: readonly string[]
}

/**
 * What a target's SAS opens, narrowed to one blob by `path`. Throws `access_denied` for an account of another cloud or the
 * gateway's own, `invalid_request` for a path that is not plain.
 */
export function placeOf(token: StorageSasToken, path: string | undefined, facts: StorageFacts): SasPlace {
  const { endpoint } = token
  const { account, service } = sasService(endpoint)
  if (facts.ownAccounts.includes(account)) throw new GatewayError('access_denied', 'sas_for_own_account')
  if (new URL(endpoint).host !== `${account}.${facts.suffixes[service]}`) {
    throw new GatewayError('access_denied', 'sas_for_another_cloud')
  }
  const resource = sasResource(token)
  if (resource.kind === 'queue') return { endpoint, account, service: 'queue', ...withoutPath(path, resource) }
  if (resource.kind === 'table') return { endpoint, account, service: 'table', ...withoutPath(path, resource) }
  const place = { endpoint, account, service: 'blob' as const, ...resource }
  if (path === undefined) return place
  if (place.kind === 'blob') return withoutPath(path, place)
  const whole = place.path ? `${place.path}/${path}` : path
  if (!isBlobPath(path) || !isBlobPath(whole)) throw malformed('sas_path_not_plain', NOT_PLAIN)
  return { ...place, kind: 'blob', path: whole }
}

/** The URL of what it opens; the SAS goes behind a `?`. */
export function urlOf(place: SasPlace): string {
  if (place.service === 'queue') return `${place.endpoint}/${place.queue}`
  if (place.service === 'table') return `${place.endpoint}/${place.table}`
  const path = place.path.split('/').map(encodeURIComponent)
  return [place.endpoint, place.container, ...(place.path ? path : [])].join('/')
}

function withoutPath<T>(path: string | undefined, place: T): T {
  if (path !== undefined) throw malformed('path_not_taken', '`path` narrows a container or directory only')
  return place
}

const malformed = (reason: string, detail: string) => new GatewayError('invalid_request', reason, { detail })

const NOT_PLAIN = '`path` must be a blob below the target, without empty, `.` or `..` parts, % or backslash'
