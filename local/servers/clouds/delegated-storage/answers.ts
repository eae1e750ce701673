import { randomUUID } from 'node:crypto'
import type { ServerAnswer, ServerRequest } from '../../http-server.ts'
import type { StorageService } from './place.ts'

const STATUS = {
  InvalidXmlDocument: 400,
  InvalidXmlNodeValue: 400,
  InvalidInput: 400,
  InvalidUri: 400,
  MissingRequiredHeader: 400,
  UnsupportedHttpVerb: 405,
  InvalidAuthenticationInfo: 401,
  NoAuthenticationInformation: 401,
  AuthenticationFailed: 403,
  AuthorizationPermissionMismatch: 403,
  AuthorizationProtocolMismatch: 403,
  AuthorizationSourceIPMismatch: 403,
  BlobNotFound: 404,
  MessageNotFound: 404,
  ResourceNotFound: 404,
  EntityAlreadyExists: 409,
  UpdateConditionNotSatisfied: 412,
  NotImplemented: 501,
} as const

/** Error codes of the storage services (learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes). */
export type StorageCode = keyof typeof STATUS

/** Every answer of the services has them; the version is the caller's. */
const common = ({ headers }: ServerRequest): Record<string, string> => ({
  'x-ms-request-id': randomUUID(),
  'x-ms-version': String(headers['x-ms-version'] ?? '2025-07-05'),
})

type Content = { headers?: Record<string, string>; xml?: string; json?: unknown; text?: string }

/** `xml`: the root element, without the declaration. */
export function storageAnswer(
  request: ServerRequest,
  status: number,
  { headers = {}, xml, json, text = '' }: Content = {},
): ServerAnswer {
  const all = { ...common(request), ...headers }
  if (json !== undefined) return { status, headers: { ...all, 'content-type': JSON_TYPE }, text: JSON.stringify(json) }
  if (xml === undefined) return { status, headers: all, text }
  return { status, headers: { ...all, 'content-type': 'application/xml' }, text: `${DECLARATION}${xml}` }
}

/** A refusal in the shape of its service: XML for blobs and queues, OData JSON for tables. */
export function storageRefusal(
  request: ServerRequest,
  service: StorageService,
  code: StorageCode,
  headers: Record<string, string> = {},
): ServerAnswer {
  const message = `Refused: ${code}.`
  if (service === 'table') {
    const json = { 'odata.error': { code, message: { lang: 'en-US', value: message } } }
    return storageAnswer(request, STATUS[code], { headers, json })
  }
  const xml = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`
  return storageAnswer(request, STATUS[code], { headers: { ...headers, 'x-ms-error-code': code }, xml })
}

export const xmlText = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
const JSON_TYPE = 'application/json;odata=minimalmetadata;streaming=true;charset=utf-8'
