/** Every limit of the identity slice, with its reason. */
export const LIMITS = {
  /** T29: refused before anything is decoded. Also bounds the claims (base64url carries 3 bytes in 4 characters). */
  maxTokenBytes: 16 * 1024,
  maxHeaderDepth: 2,
  /** A DPoP proof brings a key, and that may hold a list (`key_ops`). */
  maxProofHeaderDepth: 3,
  maxPayloadDepth: 16,
  /** T28: an issuer's clock may be off by this much, either way. */
  leewaySeconds: 60,
  /** A managed identity's token lives 24 h; an issuer document may say less or more. */
  maxLifetimeSeconds: 24 * 3_600 + 300,
  /** OIDC Core says 255; GitHub's environment subjects run longer. */
  maxSubjectCharacters: 512,
  maxTokenIdCharacters: 255,

  /** T34: evicted means verified again, never let in. */
  cachedTokens: 5_000,
  /** Sum of the cached tokens' lengths in characters; what they hold in memory is about three times that. */
  cachedTokenCharacters: 12 * 1024 * 1024,
  /** More issuers than a policy set has any use for. */
  issuers: 256,

  /** T33: a set of 200,000 keys took 755 MB to read. */
  maxDocumentBytes: 256 * 1024,
  maxKeys: 100,
  fetchTimeoutMs: 3_000,
  /** Past this age the keys are read again, in the background. */
  refreshAfterMs: 3_600_000,
  /** Past this age a caller waits for that: an instance that was idle must not start with a key withdrawn meanwhile. */
  waitForRefreshAfterMs: 2 * 3_600_000,
  /** How long known keys outlive an issuer that cannot be reached. */
  staleIfErrorMs: 24 * 3_600_000,
  /** Between two reads caused by keys nobody published. */
  unknownKidCooldownMs: 30_000,
  /** One missing kid asks again only after this long (it may be published late, so not much longer). */
  absentKidMs: 60_000,
  absentKids: 1_000,

  breakerFailures: 3,
  breakerFirstMs: 30_000,
  breakerMaxMs: 300_000,

  minRsaBits: 2_048,
  /** Verification time grows with the square of the length. */
  maxRsaBits: 8_192,
  minRsaExponent: 65_537,
  maxRsaExponent: 2 ** 32 - 1,
} as const
