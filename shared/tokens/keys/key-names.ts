/** What we sign with. ES256 by default; RS256 because RFC 9068 §2.1 and Entra federation want it offered. */
export const SIGNING_ALGORITHMS = ['ES256', 'RS256'] as const

export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number]

/** A key is published before it signs and until the longest token it signed has expired; it signs only while active. */
export const KEY_STATES = ['prepared', 'active', 'retiring'] as const

export type KeyState = (typeof KEY_STATES)[number]

/** Keys that never sign tokens: the journal's chain and the keyed hash of values. */
export const SYMMETRIC_KEYS = ['journal-master', 'value-hmac'] as const

export type SymmetricKey = (typeof SYMMETRIC_KEYS)[number]

/**
 * Names of the secrets in the gateway vault. INVARIANT: a row never says which secret it means, only which version; else
 * whoever can write the table could point a row at any other key of that vault.
 */
export const SIGNING_SECRETS = { ES256: 'signing-es256', RS256: 'signing-rs256' } as const satisfies Record<
  SigningAlgorithm,
  string
>
