import { createHmac, createSecretKey, hkdfSync } from 'node:crypto'
import type { Secret } from '../secrets/secret.ts'
import type { Seal } from './access-context.ts'

/**
 * HMAC-SHA256 over the rows of grants. The key is derived from `value-hmac`: under that key itself anybody who may write a
 * secret could have a text of their choice hashed. INVARIANT: never used for anything that a caller can read.
 */
export function createSeal(valueHmac: Secret): Seal {
  const key = valueHmac.within((text) =>
    createSecretKey(Buffer.from(hkdfSync('sha256', text, '', 'sallyport grants', 32))),
  )
  return (text) => createHmac('sha256', key).update(text, 'utf8').digest('base64url')
}
