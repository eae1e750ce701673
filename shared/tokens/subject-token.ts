import { GatewayError } from '../errors.ts'
import type { Principal } from '../identity/principal.ts'

/**
 * The principal of a subject token. It passes the same gate as a caller's bearer: trusted issuer, and an audience that is
 * this gateway. Throws `invalid_subject_token` (RFC 8693 §2.2.2 wants `invalid_request`), or what says that nobody can tell now.
 */
export async function authenticateSubject(
  token: string,
  authenticate: (token: string) => Promise<Principal>,
): Promise<Principal> {
  try {
    return await authenticate(token)
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'invalid_token') throw error
    throw new GatewayError('invalid_subject_token', error.reason)
  }
}
