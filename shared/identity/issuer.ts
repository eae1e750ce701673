export const JWT_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA'] as const

export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number]

/** A trusted issuer as data (a policy document of kind `issuer`); never a class per provider. */
export type TrustedIssuer = {
  /** Name of the document; goes into `oidc:<name>:…` principal ids. */
  name: string
  /** `iss`, compared byte for byte before any network. */
  issuer: string
  /** `aud` must be one string, one of these. */
  audiences: readonly string[]
  /** Takes an `aud` array of exactly one string too (Kubernetes writes no other form); never for `entra`. */
  audienceArray?: boolean
  algorithms: readonly JwtAlgorithm[]
  /** How a principal is made of the claims. */
  principal: 'entra' | 'oidc'
  /** Where the keys are; by default the issuer's discovery document says so. */
  jwksUri?: string
  /** Refuses tokens that live longer (default 24 h + 5 min: managed identities). */
  maxLifetimeSeconds?: number
}
