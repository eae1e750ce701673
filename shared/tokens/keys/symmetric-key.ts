import { randomBytes } from 'node:crypto'
import { Secret } from '../../secrets/secret.ts'

const BYTES = 32
const MIN_CHARACTERS = 43

/** 256 random bits as base64url, the form in which `journal-master` and `value-hmac` are kept. */
export async function generateSymmetricSecret(): Promise<Secret> {
  return new Secret(randomBytes(BYTES).toString('base64url'))
}

/** At least as long as 256 bits are in base64url: an adopted one may have been typed by somebody. */
export const isStrong = (value: Secret) => value.within((text) => text.length >= MIN_CHARACTERS)
