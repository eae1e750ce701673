import type { AccessToken } from '@azure/identity'
import { callerToken, type IdentityServer } from './caller-token.ts'

/** A TokenCredential that always has a token to give. */
export type OperatorCredential = { getToken(scopes: string | string[]): Promise<AccessToken> }

/** Tokens of the operator, who may change policies and secrets of a local run (in Azure: the deployer's own identity). */
export function operatorCredential(server: IdentityServer): OperatorCredential {
  return {
    async getToken(scopes) {
      const [scope = ''] = [scopes].flat()
      const resource = scope.replace(/\/\.default$/, '')
      const token = await callerToken(server, 'operator', { resource, version: 1 })
      return { token, expiresOnTimestamp: expiryOf(token) }
    },
  }
}

/** `exp` in milliseconds; the token is the authority's answer to ourselves. */
function expiryOf(token: string): number {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  return Number(claims.exp) * 1_000
}
