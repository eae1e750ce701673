import type { Place } from './place.ts'

/** The parameters of a SAS by name, URL-decoded. */
export type SasFields = ReadonlyMap<string, string>

const KEY_LINES = ['skoid', 'sktid', 'skt', 'ske', 'sks', 'skv']
const RESPONSE_HEADERS = ['rscc', 'rscd', 'rsce', 'rscl', 'rsct']

/** First version whose SAS may name the one user who may use it. */
const WITH_DELEGATED_USER = '2025-07-05'
/** First version whose blob SAS may name headers and parameters that the request must have. */
const WITH_SIGNED_REQUEST = '2026-04-06'

/**
 * The text under the signature (learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas#specify-the-signature), held line
 * by line against Microsoft's own signers: JavaScript's for blobs and queues, Java's for queues, Rust's for queues and tables. It shares no
 * code with the gateway's signer. Undefined for a version that has no user-delegation SAS of this service. `resource`:
 * canonicalizedResource of the request.
 */
export function stringToSign(fields: SasFields, { service }: Place, resource: string): string | undefined {
  const version = fields.get('sv') ?? ''
  const oldest = service === 'blob' ? '2020-12-06' : WITH_DELEGATED_USER
  if (!/^\d{4}-\d\d-\d\d$/.test(version) || version < oldest) return undefined
  const lines = (names: readonly string[]) => names.map((name) => fields.get(name) ?? '')
  const whom = version < WITH_DELEGATED_USER ? [] : ['skdutid', 'sduoid']
  const start = [...lines(['sp', 'st', 'se']), resource, ...lines(KEY_LINES)]
  const middle = lines([...whom, 'sip', 'spr', 'sv'])
  if (service === 'queue') return [...start, ...middle].join('\n')
  if (service === 'table') return [...start, ...middle, ...lines(['spk', 'srk', 'epk', 'erk'])].join('\n')
  // `srh` and `srq`, whose values are those of the request: nothing here is signed over any.
  const signedRequest = version < WITH_SIGNED_REQUEST ? [] : ['', '']
  return [
    ...start,
    ...lines(['saoid', 'suoid', 'scid']),
    ...middle,
    ...lines(['sr', 'snapshot', 'ses']),
    ...signedRequest,
    ...lines(RESPONSE_HEADERS),
  ].join('\n')
}
