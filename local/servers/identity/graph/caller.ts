import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { CLOUDS } from '../../../../shared/azure/clouds.ts'
import { AzureError } from '../../azure-error.ts'
import type { ServerRequest } from '../../http-server.ts'
import { issuerOf } from '../cloud.ts'
import type { KeyStore } from '../keys.ts'

/** Who calls Graph, by an app-only token: object id of its service principal, and application permissions. */
export type GraphCaller = { objectId: string; roles: readonly string[] }

export type CallerDeps = { keys: KeyStore; tenant: string; now(): number }

export const GRAPH_APP_ID = '00000003-0000-0000-c000-000000000000'
const AUDIENCES = [...Object.values(CLOUDS).map(({ graph }) => graph), GRAPH_APP_ID]

/** Throws AzureError 401. */
export async function graphCaller({ headers }: ServerRequest, { keys, tenant, now }: CallerDeps): Promise<GraphCaller> {
  const [, token] = /^Bearer (\S+)$/.exec(headers.authorization ?? '') ?? []
  if (!token) throw unauthorized('Access token is empty.')
  const published = { keys: await keys.published(tenant) } as JSONWebKeySet
  const issuer = Object.values(CLOUDS).map((cloud) => issuerOf(tenant, 1, cloud))
  try {
    const options = { algorithms: ['RS256'], issuer, audience: AUDIENCES, currentDate: new Date(now()) }
    const { payload } = await jwtVerify(token, createLocalJWKSet(published), options)
    const { oid, roles } = payload
    return { objectId: String(oid), roles: Array.isArray(roles) ? roles.map(String) : [] }
  } catch (error) {
    const { code, claim } = error as { code?: string; claim?: string }
    if (code === 'ERR_JWT_EXPIRED') throw unauthorized('Lifetime validation failed, the token is expired.')
    if (claim === 'aud') throw unauthorized('Access token validation failure. Invalid audience.')
    throw unauthorized('Access token validation failure.')
  }
}

const unauthorized = (text: string) => new AzureError(401, 'InvalidAuthenticationToken', text)
