import { type IssuerKeys, TokenFault, verifyOutsideToken } from './outside-token.ts'

export type AzureCallerDeps = { issuerKeys: IssuerKeys; now(): number }

/** Object id of the Entra token's holder when it is good for one of the audiences in any tenant; undefined when it is not. */
export async function azureCaller(
  token: string,
  audiences: readonly string[],
  deps: AzureCallerDeps,
): Promise<string | undefined> {
  try {
    const issuer = issuerIn(token)
    if (!/^https:\/\/sts\.windows\.net\/[0-9a-f-]{36}\/$/.test(issuer)) return undefined
    const claims = await verifyOutsideToken(token, { issuer, audiences }, deps)
    return typeof claims['oid'] === 'string' ? claims['oid'] : undefined
  } catch (error) {
    if (error instanceof TokenFault) return undefined
    throw error
  }
}

function issuerIn(token: string): string {
  try {
    return String(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).iss)
  } catch {
    return ''
  }
}
