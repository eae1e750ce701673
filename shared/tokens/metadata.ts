import { JWT_ALGORITHMS } from '../identity/issuer.ts'
import { PROOF_ALGORITHMS } from '../identity/possession/proof-key.ts'
import { CLIENT_CREDENTIALS, TOKEN_EXCHANGE } from './exchange-request.ts'
import { SIGNING_ALGORITHMS } from './keys/key-names.ts'

/** Both without a slash at the end. */
type Places = { issuer: string; frontDoor: string }

/** RFC 7523: registered as OpenID Connect's name for it. */
const ASSERTION = 'private_key_jwt'

/**
 * RFC 8414 and OpenID Connect Discovery 1.0 say the same about us, so they are one document. It holds what exists, no
 * list is empty (RFC 8414 §3.2). Keys are found under the setting `SALLYPORT_ISSUER`, which may be a page that answers nothing
 * else; what is asked goes to the front door, whatever host was called.
 */
export function issuerMetadata({ issuer, frontDoor }: Places) {
  return {
    issuer,
    token_endpoint: `${frontDoor}/oauth2/token`,
    introspection_endpoint: `${frontDoor}/oauth2/introspect`,
    revocation_endpoint: `${frontDoor}/oauth2/revoke`,
    jwks_uri: `${issuer}/oauth2/jwks`,
    grant_types_supported: [TOKEN_EXCHANGE, CLIENT_CREDENTIALS],
    // `none`: a bearer token in Authorization, or a subject token that speaks for its caller; no method is registered for those.
    token_endpoint_auth_methods_supported: ['none', ASSERTION],
    token_endpoint_auth_signing_alg_values_supported: [...JWT_ALGORITHMS],
    // RFC 8414 §2 lets access token types stand here, and here alone.
    introspection_endpoint_auth_methods_supported: [ASSERTION, 'Bearer'],
    introspection_endpoint_auth_signing_alg_values_supported: [...JWT_ALGORITHMS],
    revocation_endpoint_auth_methods_supported: [ASSERTION],
    revocation_endpoint_auth_signing_alg_values_supported: [...JWT_ALGORITHMS],
    // Required by both, though there is no authorization endpoint; clouds that federate with an issuer look for it.
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...SIGNING_ALGORITHMS],
    claims_supported: ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'client_id', 'scope', 'target', 'txn', 'cnf', 'act'],
    // RFC 9449 §5.1: whoever sends a proof gets a token that is bound to its key.
    dpop_signing_alg_values_supported: [...PROOF_ALGORITHMS],
  }
}

/**
 * RFC 9728: the gateway as a protected resource. Which issuers it trusts is policy, known to those who set it; a caller
 * has its token already.
 */
export function resourceMetadata({ frontDoor }: Pick<Places, 'frontDoor'>) {
  return {
    resource: frontDoor,
    resource_name: 'Sallyport',
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: [...PROOF_ALGORITHMS],
  }
}
