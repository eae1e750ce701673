import { createHmac, createSecretKey } from 'node:crypto'
import { GatewayError } from '../errors.ts'
import type { Secret } from '../secrets/secret.ts'

const MIN_KEY_CHARACTERS = 32

/**
 * Keyed hash of handed-out values: HMAC-SHA256 under `value-hmac`, base64url. It lets an operator who has a leaked value
 * and the key find every hand-out of it, and nobody guess a value from the journal.
 */
export function createValueHasher(key: Secret): (value: Secret) => string {
  const keyObject = key.within((text) => {
    if (text.length < MIN_KEY_CHARACTERS) throw new GatewayError('keys_unavailable', 'value_hmac_too_short')
    return createSecretKey(Buffer.from(text))
  })
  return (value) => value.within((text) => createHmac('sha256', keyObject).update(text, 'utf8').digest('base64url'))
}
