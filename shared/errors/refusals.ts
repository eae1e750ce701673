import { type ErrorSpec, oauth } from './error-spec.ts'

/** What the caller can change: 4xx. */
export const REFUSALS = {
  invalid_request: {
    status: 400,
    title: 'the request is malformed',
    remedy: 'Compare the request with the OpenAPI document; `detail` names the part that is wrong.',
    oauth: oauth('invalid_request'),
  },
  invalid_client: {
    status: 401,
    title: 'the caller could not be authenticated',
    remedy: 'Send `Authorization: Bearer` with a fresh token of a trusted issuer whose audience is this gateway.',
    oauth: oauth('invalid_client', 401),
  },
  missing_token: {
    status: 401,
    title: 'no credential was sent',
    remedy: 'Send `Authorization: Bearer <token>`.',
    oauth: oauth('invalid_client', 401),
  },
  invalid_token: {
    status: 401,
    title: 'the bearer token is not acceptable',
    remedy: 'Get a new token for this gateway; it must be unexpired and come from a trusted issuer.',
    oauth: oauth('invalid_client', 401),
  },
  invalid_subject_token: {
    status: 400,
    title: 'the subject or actor token is not acceptable',
    remedy: 'Send an unexpired token of a trusted issuer (RFC 8693 §2.2.2).',
    oauth: oauth('invalid_request'),
  },
  access_denied: {
    status: 403,
    title: 'access denied',
    remedy:
      'Either it does not exist or no policy permits it; the two are told apart to nobody without permission. An operator can explain the decision by its `instance`.',
    oauth: oauth('invalid_target'),
  },
  policy_api_off: {
    status: 403,
    title: 'this gateway only reads its policies',
    remedy: 'Change the documents where they are kept, and apply them with `sallyport policy apply`.',
  },
  reason_required: {
    status: 403,
    title: 'a reason is required',
    remedy: 'Send `X-Sallyport-Reason`, or `reason` in the body.',
    oauth: oauth('invalid_request'),
  },
  ticket_required: {
    status: 403,
    title: 'a ticket is required',
    remedy: 'Send `X-Sallyport-Ticket` with the number of the incident.',
    oauth: oauth('invalid_request'),
  },
  approval_required: {
    status: 403,
    title: 'an approval is required',
    remedy:
      'Open a grant and have it approved, then present the grant. A policy change: another principal posts its `sha256` to `…/approvals`, then its writer repeats it.',
    oauth: oauth('invalid_target'),
  },
  handle_required: {
    status: 403,
    title: 'only a one-time handle may deliver this secret',
    remedy: 'Create a handle with `POST /v1/handles` and redeem it.',
    oauth: oauth('invalid_target'),
  },
  dpop_required: {
    status: 403,
    title: 'a proof of possession is required',
    remedy: 'Send a DPoP proof (RFC 9449).',
    oauth: oauth('invalid_request'),
  },
  invalid_dpop_proof: {
    status: 401,
    title: 'the proof of possession is not acceptable',
    remedy:
      'Make a new proof for each request (RFC 9449): for this method and URI under the gateway’s name, not older than a minute, with `ath` where a token is sent with it.',
    oauth: oauth('invalid_dpop_proof'),
  },
  invalid_target: {
    status: 400,
    title: 'the target is unknown or not permitted',
    remedy: 'Name exactly one target that your policies permit, by `audience` or `resource`.',
    oauth: oauth('invalid_target'),
  },
  invalid_scope: {
    status: 400,
    title: 'the scope is not available for this target',
    remedy: 'Ask for a subset of the scope of the target.',
    oauth: oauth('invalid_scope'),
  },
  unauthorized_client: {
    status: 403,
    title: 'the client may not do this',
    remedy: 'Revoke a token as the client it was issued to, or with `token:revoke` on its target.',
    oauth: oauth('unauthorized_client'),
  },
  unsupported_token_type: {
    status: 400,
    title: 'tokens of this kind cannot be revoked',
    remedy: 'Wait for its end, which `blastRadius` told, or end it where its service lets you.',
    oauth: oauth('unsupported_token_type'),
  },
  unsupported_grant_type: {
    status: 400,
    title: 'the grant type is not supported',
    remedy: 'Use `urn:ietf:params:oauth:grant-type:token-exchange` or `client_credentials`.',
    oauth: oauth('unsupported_grant_type'),
  },
  not_found: {
    status: 404,
    title: 'there is nothing at this address',
    remedy: 'Compare the path with the OpenAPI document.',
    oauth: oauth('invalid_request', 404),
  },
  policy_not_found: {
    status: 404,
    title: 'the policy document or proposal does not exist',
    remedy: 'List the documents with `GET /v1/policies`; a proposal ends after 24 hours.',
  },
  secret_not_found: {
    status: 404,
    title: 'the secret or version does not exist',
    remedy: 'List the secrets you may read with `GET /v1/secrets`.',
  },
  method_not_allowed: {
    status: 405,
    title: 'the method is not allowed here',
    remedy: 'Use one of the methods of the `Allow` header.',
    oauth: oauth('invalid_request', 405),
  },
  secret_disabled: {
    status: 409,
    title: 'the version is disabled',
    remedy: 'Ask its owner to enable it, or read another version.',
  },
  secret_not_yet_valid: {
    status: 409,
    title: 'the version is not valid yet',
    remedy: 'Wait until its `notBefore`.',
  },
  uses_exhausted: {
    status: 403,
    title: 'the grant has no uses left',
    remedy: 'Open a new grant.',
    oauth: oauth('invalid_target'),
  },
  grant_locked: {
    status: 403,
    title: 'the grant is locked: its credential was cloned',
    remedy:
      'An old credential of it was used to renew it, so two hold it. Tell the security officer and open a new grant; to repeat a renewal whose answer was lost, send the same `Idempotency-Key`.',
  },
  conflict: {
    status: 409,
    title: 'the state of the resource does not allow this',
    remedy: '`detail` says what stands in the way; retry when it has gone.',
  },
  idempotency_expired: {
    status: 409,
    title: 'the answer to this key can no longer be made again',
    remedy: 'What it did stands. Send a new request with a new `Idempotency-Key`.',
    oauth: oauth('invalid_request', 409),
  },
  secret_expired: {
    status: 410,
    title: 'the version has expired',
    remedy: 'Ask its owner to publish a new version.',
  },
  handle_redeemed: {
    status: 410,
    title: 'the handle was redeemed',
    remedy: 'Make a new handle; if it was not you who redeemed this one, tell the security officer.',
  },
  handle_expired: {
    status: 410,
    title: 'the handle has expired',
    remedy: 'Make a new handle.',
  },
  length_required: {
    status: 411,
    title: 'a Content-Length is required',
    remedy: 'Send the body with a `Content-Length`; chunked bodies do not arrive.',
    oauth: oauth('invalid_request', 411),
  },
  precondition_failed: {
    status: 412,
    title: 'the precondition does not hold',
    remedy: 'Read the current state and its `ETag`, then try again.',
  },
  payload_too_large: {
    status: 413,
    title: 'the request is too large',
    remedy: 'Send less than the limit that `detail` names.',
    oauth: oauth('invalid_request', 413),
  },
  unsupported_media_type: {
    status: 415,
    title: 'the content type or encoding is not supported',
    remedy: 'Send uncompressed UTF-8 in the content type that `detail` names.',
    oauth: oauth('invalid_request', 415),
  },
  invalid_document: {
    status: 422,
    title: 'the document is not valid',
    remedy: '`errors` holds a JSON pointer and a sentence for every fault.',
  },
  idempotency_mismatch: {
    status: 422,
    title: 'the key was used for another request',
    remedy: 'Use a new `Idempotency-Key` for every new request, the same one only for exact repeats.',
    oauth: oauth('invalid_request', 422),
  },
  in_progress: {
    status: 429,
    title: 'the same request is still running',
    remedy: 'Wait as long as `Retry-After` says, then repeat it with the same `Idempotency-Key`.',
    oauth: oauth('slow_down', 429),
  },
  rate_limited: {
    status: 429,
    title: 'too many requests',
    remedy: 'Wait as long as `Retry-After` says.',
    oauth: oauth('slow_down', 429),
  },
} satisfies Record<string, ErrorSpec>
