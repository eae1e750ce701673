import { randomUUID } from 'node:crypto'
import type { KeyRing } from '../tokens/keys/key-ring.ts'

/** Keeps it apart from everything else that we sign (RFC 8725 §3.11): no other part of the gateway reads it. */
export const PROBE_TYP = 'probe+jwt'

/** No principal id has this form. */
export const PROBE_SUBJECT = 'probe'

const LIFETIME_SECONDS = 60

export type ProbeTokens = (probe: string) => Promise<string>

/**
 * The credential of the timer: good for a minute, for asking what the set says to one probe, and for nothing else. `aud` is the
 * gateway itself, as of no token that others accept. The signer throws `keys_unavailable`.
 */
export function createProbeTokens(deps: { keys: Pick<KeyRing, 'signer'>; issuer: string; now(): number }): ProbeTokens {
  return async (probe) => {
    const { keys, issuer, now } = deps
    const signer = await keys.signer('ES256')
    const iat = Math.floor(now() / 1_000)
    const times = { iat, nbf: iat, exp: iat + LIFETIME_SECONDS }
    return signer.sign(
      { iss: issuer, aud: issuer, sub: PROBE_SUBJECT, target: probe, jti: randomUUID(), ...times },
      PROBE_TYP,
    )
  }
}
