import { PROOF_ALGORITHMS } from '../identity/possession/proof-key.ts'
import { TOKEN_EXCHANGE } from './exchange-request.ts'
import { SIGNING_ALGORITHMS } from './keys/key-names.ts'

/**
 * RFC 8414 and OpenID Connect Discovery 1.0 say the same about us, so they are one document. It holds what exists, no
 * list is empty (RFC 8414 §3.2), and every URL starts with the setting `SALLYPORT_ISSUER`, whatever host was called.
 */
export function issuerMetadata(issuer: string) {
  return {
    issuer,
    token_endpoint: `${issuer}/oauth2/token`,
    jwks_uri: `${issuer}/oauth2/jwks`,
    grant_types_supported: [TOKEN_EXCHANGE],
    // Whoever calls proves itself with a bearer token; the default, client_secret_basic, would be a lie.
    token_endpoint_auth_methods_supported: ['none'],
    // Required by both, though there is no authorization endpoint; clouds that federate with an issuer look for it.
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...SIGNING_ALGORITHMS],
    claims_supported: ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'client_id', 'scope', 'txn', 'cnf', 'act'],
    // RFC 9449 §5.1: whoever sends a proof gets a token that is bound to its key.
    dpop_signing_alg_values_supported: [...PROOF_ALGORITHMS],
  }
}

/**
 * RFC 9728: the gateway as a protected resource. Which issuers it trusts is policy, known to those who set it; a caller
 * has its token already.
 */
export function resourceMetadata(issuer: string) {
  return {
    resource: issuer,
    resource_name: 'Sallyport',
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: [...PROOF_ALGORITHMS],
  }
}
