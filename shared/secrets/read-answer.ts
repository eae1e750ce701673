import { type Grant, receiptHeader } from '../gate.ts'
import { etagOf } from './precondition.ts'
import { handOut, type Sealed, spendUnchanged } from './read.ts'
import type { SecretRef } from './secret-ref.ts'
import type { WaitEnd } from './wait.ts'

/** When somebody who found no room to wait may try again. */
const CROWDED_RETRY_SECONDS = 5

/**
 * The answer of an admitted read: 200 with the value, or 304. A 304 is admitted and journaled like any read; its intent
 * names the version and no hash, since no value leaves.
 */
export function answerRead(grant: Grant<Sealed>, ref: SecretRef, waited: WaitEnd | undefined) {
  const { sealed } = grant
  const version = sealed.kind === 'secret' ? sealed.reading.secret.version : sealed.version
  const headers = {
    ETag: etagOf(version),
    ...receiptHeader(grant.receipt),
    ...(waited === 'crowded' && { 'Retry-After': String(CROWDED_RETRY_SECONDS) }),
  }
  if (sealed.kind === 'unchanged') {
    spendUnchanged(grant, ref)
    grant.succeeded()
    return { status: 304, headers }
  }
  const json = handOut(grant, ref, sealed.reading)
  grant.succeeded()
  return { status: 200, headers: { ...headers, ...(sealed.reading.stale && STALE) }, json }
}

/** The vault throttles and the value is past its time (secrets-and-rotation). */
const STALE = { 'X-Sallyport-Cache': 'stale' }
