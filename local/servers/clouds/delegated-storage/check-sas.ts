import { createHmac, timingSafeEqual } from 'node:crypto'
import type { ServerRequest } from '../../http-server.ts'
import { type AzureCallerDeps, azurePrincipal } from '../azure-caller.ts'
import type { StorageCode } from './answers.ts'
import type { DelegationKeys } from './delegation-keys.ts'
import { STORAGE_AUDIENCES } from './give-key.ts'
import type { Operation } from './operation.ts'
import type { Place } from './place.ts'
import { resourceOf } from './resource.ts'
import { isFrom } from './source-address.ts'
import { type SasFields, stringToSign } from './string-to-sign.ts'

export type CheckSasDeps = AzureCallerDeps & { keys: DelegationKeys }

type Use = { request: ServerRequest; place: Place; operation: Operation }

/**
 * Why the SAS in a request's query does not permit it; undefined when it does. In this order: signature, times, holder,
 * protocol, address, permission, so that nobody learns by another code what a SAS with a wrong signature would open.
 */
export async function sasFault(
  { request, place, operation }: Use,
  deps: CheckSasDeps,
): Promise<StorageCode | undefined> {
  const fields = fieldsIn(request.url.searchParams)
  if (!fields || !isSigned(fields, place, deps.keys) || !isNow(fields, deps.now())) return 'AuthenticationFailed'
  if (!(await isHeldBy(request, fields, deps))) return 'AuthenticationFailed'
  const protocols = fields.get('spr')?.split(',') ?? ['https', 'http']
  if (!protocols.includes(request.url.protocol.slice(0, -1))) return 'AuthorizationProtocolMismatch'
  const sip = fields.get('sip')
  if (sip !== undefined && !isFrom(request.address, sip)) return 'AuthorizationSourceIPMismatch'
  const letters = fields.get('sp') ?? ''
  if (!LETTERS[place.service].test(letters)) return 'AuthorizationPermissionMismatch'
  const isPermitted = operation.permissions.some((wanted) => [...wanted].every((letter) => letters.includes(letter)))
  return isPermitted ? undefined : 'AuthorizationPermissionMismatch'
}

/** In this order, each once. */
const LETTERS = { blob: /^r?a?c?w?d?x?y?l?t?m?e?o?p?i?$/, queue: /^r?a?u?p?$/, table: /^r?a?u?d?$/ }

const SAS_NAMES = new Set(
  [
    'sv st se sp sip spr sr sdd sig si skoid sktid skt ske sks skv skdutid sduoid saoid suoid scid ses srh srq',
    'rscc rscd rsce rscl rsct tn spk srk epk erk snapshot',
  ].flatMap((line) => line.split(' ')),
)

/** What would make a SAS wider or narrower than this server could tell: such a one is refused whole. */
const UNKNOWN_HERE = ['si', 'srh', 'srq', 'snapshot', 'spk', 'srk', 'epk', 'erk']

/** Undefined when one is there twice, or one that this server does not keep: of two readings of a SAS one is wrong. */
function fieldsIn(query: URLSearchParams): SasFields | undefined {
  const given = [...query].filter(([name]) => SAS_NAMES.has(name))
  const fields = new Map(given)
  return fields.size === given.length && !UNKNOWN_HERE.some((name) => fields.has(name)) ? fields : undefined
}

/** The text of the signature is compared, not its bytes: several texts of base64 stand for the same ones. */
function isSigned(fields: SasFields, place: Place, keys: DelegationKeys): boolean {
  const key = keys.ofSas(place.account, fields)
  const resource = resourceOf(place, fields)
  const text = resource === undefined ? undefined : stringToSign(fields, place, resource)
  if (!key || text === undefined || fields.get('sks') !== place.service.charAt(0)) return false
  const wanted = Buffer.from(createHmac('sha256', key).update(text, 'utf8').digest('base64'))
  const given = Buffer.from(fields.get('sig') ?? '')
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

/** ISO 8601 in UTC; JavaScript would take much else for a time. */
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,7})?)?Z)?$/

/** Within the times of the SAS and of its key; a SAS without an end is none. */
function isNow(fields: SasFields, now: number): boolean {
  const starts = ['st', 'skt'].map((name) => fields.get(name)).filter((text) => text !== undefined)
  const ends = [fields.get('se') ?? '', fields.get('ske') ?? '']
  if (![...starts, ...ends].every((text) => TIME.test(text))) return false
  return starts.every((text) => Date.parse(text) <= now) && ends.every((text) => now < Date.parse(text))
}

/** With `sduoid` the request must also bring an Entra token of that user, of the tenant that the key was given for. */
async function isHeldBy({ headers }: ServerRequest, fields: SasFields, deps: AzureCallerDeps): Promise<boolean> {
  const objectId = fields.get('sduoid')
  if (objectId === undefined) return true
  const [, token = ''] = /^Bearer (\S+)$/.exec(headers.authorization ?? '') ?? []
  const holder = await azurePrincipal(token, STORAGE_AUDIENCES, deps)
  return holder?.objectId === objectId && holder.tenant === (fields.get('skdutid') ?? fields.get('sktid'))
}
