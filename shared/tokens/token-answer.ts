import type { Exchange } from './exchange-request.ts'
import type { IssuedToken } from './tokens.ts'

/** Body of a token endpoint's success: RFC 6749 §5.1, RFC 8693 §2.2.1, and ours: parts, `source` and `blast_radius`. */
export function tokenAnswer(issued: IssuedToken, exchange: Exchange | undefined): Record<string, unknown> {
  const { token, tokenType, issuedTokenType, parts, source, expiresInSeconds, blastRadius } = issued
  return {
    access_token: token,
    ...(exchange && { issued_token_type: issuedTokenType ?? exchange.issuedTokenType }),
    token_type: tokenType,
    ...parts,
    expires_in: expiresInSeconds,
    ...(blastRadius.scope && { scope: blastRadius.scope }),
    ...(source && { source }),
    blast_radius: blastRadius,
  }
}
