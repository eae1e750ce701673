import { GatewayError } from '../errors.ts'

/** `If-Match` and `If-None-Match` of a write (RFC 9110 §13.1). */
export type Precondition = { ifMatch?: ETags | undefined; ifNoneMatch?: ETags | undefined }

/** `*`, or versions. */
export type ETags = '*' | readonly string[]

/** The version is the entity tag: it is new with every value. */
export const etagOf = (version: string): string => `"${version}"`

const ETAG = /^(W\/)?"([\x21\x23-\x7e]{0,128})"$/
const MAX_LENGTH = 4_096

const malformed = (name: string) =>
  new GatewayError('invalid_request', 'precondition_malformed', { detail: `\`${name}\` holds no entity tags` })

/** Reads a precondition header; weak tags count only where the comparison is weak (`If-None-Match` of a read). */
export function readETags(name: 'If-Match' | 'If-None-Match', text: string | undefined): ETags | undefined {
  if (text === undefined) return undefined
  if (text.trim() === '*') return '*'
  if (text.length > MAX_LENGTH) throw malformed(name)
  const tags = text.split(',').map((part) => ETAG.exec(part.trim()))
  return tags.flatMap((tag) => {
    if (!tag) throw malformed(name)
    return tag[1] && name === 'If-Match' ? [] : [tag[2] ?? '']
  })
}

export const matches = (tags: ETags, version: string | undefined): boolean =>
  version !== undefined && (tags === '*' || tags.includes(version))

/** Throws `precondition_failed`; `version` is the current one, undefined when the secret does not exist. */
export function checkPrecondition({ ifMatch, ifNoneMatch }: Precondition, version: string | undefined): void {
  if (ifMatch !== undefined && !matches(ifMatch, version)) {
    throw new GatewayError('precondition_failed', 'if_match', { detail: 'another version is current' })
  }
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, version)) {
    throw new GatewayError('precondition_failed', 'if_none_match', { detail: 'it exists already' })
  }
}
