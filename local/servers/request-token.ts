import { readFileSync } from 'node:fs'
import { request } from 'node:https'

export type TokenRequest = {
  /** Origin of the identity server. */
  identity: string
  /** Path of the CA's certificate. */
  ca: string
  tenant: string
  clientId: string
  clientSecret: string
  /** App ID URI of what the token is for. */
  resource: string
  version: 1 | 2
}

/** The authority refused; `message` is its own. */
export class TokenRefused extends Error {}

const TIMEOUT_MS = 10_000

/** An app's token by the client credentials grant, at the v2 endpoint (scope) or the v1 endpoint (resource). */
export async function requestToken({
  identity,
  ca,
  tenant,
  version,
  resource,
  ...client
}: TokenRequest): Promise<string> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: client.clientId,
    client_secret: client.clientSecret,
    ...(version === 2 ? { scope: `${resource}/.default` } : { resource }),
  })
  const path = `/${tenant}/oauth2/${version === 2 ? 'v2.0/' : ''}token`
  const { status, text } = await post(new URL(path, identity), form.toString(), readFileSync(ca, 'utf8'))
  const body = JSON.parse(text) as { access_token?: string; error_description?: string }
  if (status !== 200 || !body.access_token) throw new TokenRefused(body.error_description ?? `status ${status}`)
  return body.access_token
}

function post(url: URL, body: string, ca: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }
    const call = request(url, { method: 'POST', ca, headers, timeout: TIMEOUT_MS, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.on('error', reject)
    })
    call.on('timeout', () => call.destroy(new Error('the identity server does not answer')))
    call.on('error', reject)
    call.end(body)
  })
}
