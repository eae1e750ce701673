import { GUID, parseEntraIssuer } from './entra-issuer.ts'
import type { TrustedIssuer } from './issuer.ts'
import { isJsonObject, type JsonObject } from './jwt.ts'
import type { Principal } from './principal.ts'
import { isRefused, type Refused, refused } from './refusal.ts'

export type EntraFacts = Pick<Principal, 'id' | 'tenant' | 'objectId' | 'appId' | 'groups' | 'roles'>

/**
 * The principal of an Entra access token, v1 or v2, keyed by (tenant, object id): `sub` is pairwise, upn and e-mail
 * change hands (T5). `appId` is set for app-only tokens alone, so a statement that names an application never matches a
 * user who signed in through it. Claims: learn.microsoft.com/entra/identity-platform/access-token-claims-reference.
 */
export function entraPrincipal(claims: JsonObject, issuer: TrustedIssuer): EntraFacts | Refused {
  const { tid, ver, oid } = claims as { tid?: unknown; ver?: unknown; oid?: unknown }
  const home = parseEntraIssuer(issuer.issuer)
  if (!home) return refused('issuer_not_entra')
  if (tid !== home.tenant) return refused('tenant_mismatch')
  if (ver !== home.version) return refused('version_mismatch')
  if (typeof oid !== 'string' || !GUID.test(oid)) return refused('object_id_malformed')
  const appId = claims[home.version === '1.0' ? 'appid' : 'azp']
  if (typeof appId !== 'string' || !GUID.test(appId)) return refused('app_missing')
  const kind = callerKind(claims)
  if (!kind) return refused('caller_kind_unclear')
  const groups = readGroups(claims)
  if (isRefused(groups)) return groups
  const roles = readRoles(claims)
  if (isRefused(roles)) return roles
  const id = `entra:${home.tenant}:${oid}`
  return { id, tenant: home.tenant, objectId: oid, ...(kind === 'app' && { appId }), groups, roles }
}

/** `idtyp` is an optional claim; without it an app-only token has no `scp` and its `oid` is its `sub`. */
function callerKind({ idtyp, scp, oid, sub }: JsonObject): 'app' | 'user' | undefined {
  const delegated = typeof scp === 'string' && scp !== ''
  if (scp !== undefined && !delegated) return undefined
  if (idtyp === 'app') return delegated ? undefined : 'app'
  if (idtyp === 'user') return delegated ? 'user' : undefined
  if (idtyp !== undefined) return undefined
  if (delegated) return 'user'
  return oid === sub ? 'app' : undefined
}

/**
 * `overage` wherever the token says that it does not name all groups: a distributed claim (`_claim_names`, also written
 * `groups:src1`) or `hasgroups`. "No groups" instead would walk around every forbid on a group.
 */
function readGroups(claims: JsonObject): readonly string[] | 'overage' | Refused {
  if (distributed(claims, 'groups') || (claims['hasgroups'] ?? false) !== false) return 'overage'
  return stringList(claims['groups']) ?? refused('groups_malformed')
}

/** There is no overage of roles to hand on, so a token that leaves some out is refused. */
function readRoles(claims: JsonObject): readonly string[] | Refused {
  if (distributed(claims, 'roles')) return refused('roles_malformed')
  return stringList(claims['roles']) ?? refused('roles_malformed')
}

function distributed(claims: JsonObject, name: string): boolean {
  const names = claims['_claim_names']
  if (names !== undefined && (!isJsonObject(names) || Object.hasOwn(names, name))) return true
  const prefix = `${name}:`
  return Object.keys(claims).some((key) => key.startsWith(prefix))
}

const NONE: readonly string[] = Object.freeze([])

function stringList(value: unknown): readonly string[] | undefined {
  if (value === undefined) return NONE
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? Object.freeze([...value]) : undefined
}
