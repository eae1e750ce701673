import { randomBytes } from 'node:crypto'
import type { Cloud } from '../../../shared/azure/clouds.ts'
import type { SeedResource } from '../seed.ts'
import { issuerOf } from './cloud.ts'

/** Who the token is for: an app that proved itself, or a managed identity. */
export type Holder = {
  appId: string
  objectId: string
  roles?: readonly string[]
  groups?: readonly string[]
  /** `1` client secret, `2` assertion, certificate or managed identity. */
  proof: '1' | '2'
  managedIdentity?: string
  /** The signed-in user, whose token it is then. */
  user?: { objectId: string; username: string }
}

export type AccessTokenRequest = {
  tenant: string
  holder: Holder
  resource: SeedResource
  /** How the caller named the resource: v1 tokens say it back in `aud`. */
  asked: string
  version: 1 | 2
  cloud: Cloud
  /** Seconds since the epoch. */
  now: number
  lifetimeSeconds: number
}

/** Entra dates its tokens five minutes back, for clocks that are behind. */
const BACKDATED_SECONDS = 300

/** Claims of an app-only Entra access token (learn.microsoft.com/entra/identity-platform/access-token-claims-reference). */
export function accessTokenClaims(request: AccessTokenRequest): Record<string, unknown> {
  const { tenant, holder, resource, asked, version, cloud, now, lifetimeSeconds } = request
  const issuer = issuerOf(tenant, version, cloud)
  const { appId, proof, user } = holder
  const objectId = user?.objectId ?? holder.objectId
  return {
    aud: version === 1 ? asked : resource.appId,
    iss: issuer,
    iat: now - BACKDATED_SECONDS,
    nbf: now - BACKDATED_SECONDS,
    exp: now + lifetimeSeconds,
    aio: randomBytes(24).toString('base64'),
    ...(version === 1 ? { appid: appId, appidacr: proof, idp: issuer } : { azp: appId, azpacr: proof }),
    ...(user ? { scp: 'user_impersonation', ...(version === 1 && { upn: user.username }) } : { idtyp: 'app' }),
    ...(holder.groups?.length && { groups: holder.groups }),
    oid: objectId,
    rh: `1.${randomBytes(24).toString('base64url')}.`,
    ...(holder.roles?.length && { roles: holder.roles }),
    sub: objectId,
    tid: tenant,
    uti: randomBytes(16).toString('base64url'),
    ver: version === 1 ? '1.0' : '2.0',
    ...(holder.managedIdentity && { xms_mirid: holder.managedIdentity }),
  }
}
