import type { Principal } from '../identity/principal.ts'
import type { OwnToken } from './own-token.ts'

const NONE: readonly string[] = Object.freeze([])

/**
 * Whom a token of ours speaks about, out of its `sub` (a principal id). The token says nothing of applications, groups, roles
 * or the issuer's claims, so the principal is partial: no permit that looks at them helps it, every such forbid stands.
 */
export function principalOf({ iss, sub, jti, claims, expiresAt }: OwnToken): Principal | undefined {
  const [kind, realm = '', name = '', ...more] = sub.split(':')
  if (!realm || !name || more.length > 0) return undefined
  const known: Record<string, unknown> = Object.create(null)
  Object.assign(known, { iss, jti }, claims['act'] !== undefined && { act: claims['act'] })
  const common = {
    id: sub,
    partial: true,
    roles: NONE,
    claims: Object.freeze(known),
    tokenId: jti,
    expiresAt,
    validatedAt: Number(claims['iat']) * 1_000,
  } as const
  if (kind === 'entra') {
    const entra = { kind, issuerName: OWN, tenant: realm, objectId: name, subject: name } as const
    return { ...common, ...entra, groups: 'overage' }
  }
  if (kind !== 'oidc') return undefined
  return { ...common, kind, issuerName: realm, subject: Buffer.from(name, 'base64url').toString(), groups: NONE }
}

/** Which document of which Entra issuer it came by is not known; selectors of Entra principals do not look at it. */
const OWN = 'own'
