import type { ErrorCode } from '../../shared/errors.ts'
import type { Description } from './operation.ts'

/** Whoever authenticates: by a token, or by the credential of a grant, with or without a proof. */
const AUTHENTICATED: readonly ErrorCode[] = [
  ...(['missing_token', 'invalid_token', 'invalid_dpop_proof', 'rate_limited'] as const),
  // Of a grant that is presented and dead, or whose approvals count no more.
  ...(['access_denied', 'approval_required'] as const),
  ...(['issuer_unavailable', 'no_policy', 'policy_unavailable', 'storage_unavailable', 'keys_unavailable'] as const),
]

const RECORDED: readonly ErrorCode[] = ['uses_exhausted', 'journal_unavailable', 'policy_unavailable']

const DECIDED: readonly ErrorCode[] = [
  ...RECORDED,
  ...(['access_denied', 'reason_required', 'ticket_required', 'approval_required', 'dpop_required'] as const),
]

const BODY: readonly ErrorCode[] = ['length_required', 'payload_too_large', 'unsupported_media_type']

const IDEMPOTENT: readonly ErrorCode[] = [
  ...(['idempotency_mismatch', 'idempotency_expired', 'in_progress'] as const),
  ...(['storage_unavailable', 'keys_unavailable'] as const),
]

/** Every code that the operation may refuse by, those of its kind and its own; sorted. */
export function codesOf({ caller, door, body, idempotent, headers, codes = [] }: Description): ErrorCode[] {
  const all: ErrorCode[] = [
    'internal',
    ...(caller !== 'anybody' || headers ? (['invalid_request'] as const) : []),
    ...(caller === 'anybody' ? [] : AUTHENTICATED),
    ...(caller === 'client' ? (['invalid_client'] as const) : []),
    ...(door === 'refuses' ? DECIDED : door === 'filters' ? RECORDED : []),
    ...(body ? BODY : []),
    ...(idempotent ? IDEMPOTENT : []),
    ...codes,
  ]
  return [...new Set(all)].sort()
}
