import { type IssuerKeys, TokenFault, verifyOutsideToken } from './outside-token.ts'

export type AzureCallerDeps = { issuerKeys: IssuerKeys; now(): number }

/** GUIDs. */
export type AzurePrincipal = { objectId: string; tenant: string }

/** Whose Entra token it is when it is good for one of the audiences in any tenant; undefined when it is not. */
export async function azurePrincipal(
  token: string,
  audiences: readonly string[],
  deps: AzureCallerDeps,
): Promise<AzurePrincipal | undefined> {
  try {
    const issuer = issuerIn(token)
    const [, tenant] = /^https:\/\/sts\.windows\.net\/([0-9a-f-]{36})\/$/.exec(issuer) ?? []
    if (!tenant) return undefined
    const { oid: objectId } = await verifyOutsideToken(token, { issuer, audiences }, deps)
    return typeof objectId === 'string' ? { objectId, tenant } : undefined
  } catch (error) {
    if (error instanceof TokenFault) return undefined
    throw error
  }
}

/** Object id of the token's holder, for services that look at no tenant. */
export const azureCaller = async (token: string, audiences: readonly string[], deps: AzureCallerDeps) =>
  (await azurePrincipal(token, audiences, deps))?.objectId

function issuerIn(token: string): string {
  try {
    return String(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).iss)
  } catch {
    return ''
  }
}
