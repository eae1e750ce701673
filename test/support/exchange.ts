import { oauthToken } from '../../functions/oauth-token.ts'
import { TOKEN_EXCHANGE } from '../../shared/tokens/exchange-request.ts'
import type { TokenGateway } from './token-gateway.ts'

export const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type'

type Parameters = Record<string, string | string[] | undefined>

/** A token exchange as a client sends it; parameters that are undefined are left out, lists are repeated. */
export async function exchange(gateway: TokenGateway, changes: Parameters = {}, headers: Record<string, string> = {}) {
  const parameters: Parameters = {
    grant_type: TOKEN_EXCHANGE,
    subject_token: 'subject_token' in changes ? '' : await gateway.tokenOf('alice'),
    subject_token_type: `${TOKEN_TYPE}:access_token`,
    audience: 'ledger-api',
    ...changes,
  }
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    for (const each of [value].flat()) if (each !== undefined) form.append(name, each)
  }
  return post(gateway, form.toString(), headers)
}

export const post = (gateway: TokenGateway, body: string, headers: Record<string, string> = {}) =>
  gateway.call(oauthToken, {
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body,
  })
