import { Agent } from 'node:https'
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
} from 'jose'
import type { Cloud } from '../../../shared/azure/clouds.ts'
import { getJson } from '../get-json.ts'
import type { SecretPermission } from '../seed.ts'
import { resourceOf } from './cloud.ts'
import { VaultError } from './vault-error.ts'

export type AuthorizationDeps = {
  tenant: string
  /** Origin of the identity server, for the keys. */
  identity: string
  ca: string
  permissions: ReadonlyMap<string, ReadonlySet<SecretPermission>>
  now(): number
}

/** The caller of a request; throws VaultError 401 with the challenge. */
export type Authenticate = (authorization: string | undefined, cloud: Cloud) => Promise<JWTPayload>

const MAX_CACHED = 500

/** What a client must fetch a token for; the real service names its authority by this old host. */
export const challenge = (tenant: string, cloud: Cloud, extra = '') =>
  `Bearer authorization="${OLD_HOSTS[cloud.authority] ?? cloud.authority}/${tenant}", resource="${resourceOf(cloud)}"${extra}`

const OLD_HOSTS: Record<string, string> = {
  'https://login.microsoftonline.com': 'https://login.windows.net',
  'https://login.partner.microsoftonline.cn': 'https://login.chinacloudapi.cn',
}

/** Bearer tokens of the tenant for Key Vault: signature by the identity server's keys, issuer, audience, times. */
export function createAuthenticate({
  tenant,
  identity,
  ca,
  now,
}: Omit<AuthorizationDeps, 'permissions'>): Authenticate {
  const keys = createKeys(`${identity}/${tenant}/discovery/keys`, new Agent({ ca, keepAlive: true }))
  const accepted = new Map<string, JWTPayload>()

  return async (authorization, cloud) => {
    const refuse = (message: string) =>
      new VaultError(401, 'Unauthorized', message, { headers: { 'www-authenticate': challenge(tenant, cloud) } })
    const token = /^bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1]
    if (!token) throw refuse('AKV10000: Request is missing a Bearer or PoP token.')
    const known = accepted.get(`${cloud.vaultSuffix} ${token}`)
    if (known && (known.exp ?? 0) * 1_000 > now()) return known
    const claims = await verify(token, { keys, tenant, cloud, now, refuse })
    if (accepted.size >= MAX_CACHED) accepted.clear()
    accepted.set(`${cloud.vaultSuffix} ${token}`, claims)
    return claims
  }
}

type Verification = {
  keys: Keys
  tenant: string
  cloud: Cloud
  now(): number
  refuse(message: string): VaultError
}

async function verify(token: string, { keys, tenant, cloud, now, refuse }: Verification): Promise<JWTPayload> {
  const issuer = cloud.issuers.v1.replace('{tid}', tenant)
  const resource = resourceOf(cloud)
  const claims = decoded(token, refuse)
  if (claims.iss !== issuer) throw refuse(`AKV10032: Invalid issuer. Expected one of ${issuer}, found ${claims.iss}.`)
  const audience = typeof claims.aud === 'string' ? claims.aud.replace(/\/$/, '') : ''
  if (audience !== resource) throw refuse(`AKV10022: Invalid audience. Expected ${resource}, found: ${claims.aud}.`)
  const set = createLocalJWKSet(await keys(decodeProtectedHeader(token).kid))
  try {
    await jwtVerify(token, set, { algorithms: ['RS256'], requiredClaims: ['exp', 'oid'], currentDate: new Date(now()) })
  } catch (error) {
    const expired = (error as { code?: string }).code === 'ERR_JWT_EXPIRED'
    const unknownKey = 'AKV10046: Unable to resolve the key used for signature validation.'
    throw refuse(expired ? "[TokenExpired] Error validating token: 'S2S12086'." : unknownKey)
  }
  return claims
}

function decoded(token: string, refuse: (message: string) => VaultError): JWTPayload {
  try {
    return decodeJwt(token)
  } catch {
    throw refuse('AKV10004: Error parsing the token.')
  }
}

type Keys = (kid: string | undefined) => Promise<JSONWebKeySet>

/** The tenant's keys; read again when a token names an unknown one, at most once at a time. */
function createKeys(url: string, agent: Agent): Keys {
  let known: JSONWebKeySet = { keys: [] }
  let loading: Promise<JSONWebKeySet> | undefined
  return async (kid) => {
    if (known.keys.some((key) => key.kid === kid)) return known
    loading ??= (getJson(url, agent) as Promise<JSONWebKeySet>).finally(() => {
      loading = undefined
    })
    try {
      known = await loading
    } catch {
      throw new VaultError(503, 'ServiceUnavailable', 'The keys of the tenant cannot be read.')
    }
    return known
  }
}

const ACTIONS: Record<SecretPermission, string> = {
  get: 'getSecret/action',
  list: 'readMetadata/action',
  set: 'setSecret/action',
  delete: 'delete',
  recover: 'recover/action',
  purge: 'purge/action',
  backup: 'backup/action',
  restore: 'restore/action',
}

/** Throws the 403 of a vault with role assignments, which names the action and the caller. */
export function authorize(
  {
    claims,
    permissions,
    vault,
    name,
  }: {
    claims: JWTPayload
    permissions: AuthorizationDeps['permissions']
    vault: string
    name: string | undefined
  },
  needed: SecretPermission,
): void {
  if (permissions.get(String(claims['oid']))?.has(needed)) return
  const scope = `/subscriptions/22222222-2222-4222-8222-222222222222/resourcegroups/sallyport/providers/microsoft.keyvault/vaults/${vault}`
  const lines = [
    'Caller is not authorized to perform action on resource.',
    'If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.',
    `Caller: appid=${claims['appid']};oid=${claims['oid']};iss=${claims.iss}`,
    `Action: 'Microsoft.KeyVault/vaults/secrets/${ACTIONS[needed]}'`,
    `Resource: '${scope}${name ? `/secrets/${name}` : ''}'`,
    'Assignment: (not found)',
    'DenyAssignmentId: null',
    'DecisionReason: null ',
    `Vault: ${vault};location=westeurope`,
  ]
  throw new VaultError(403, 'Forbidden', `${lines.join('\r\n')}\r\n`, { inner: 'ForbiddenByRbac' })
}
