import type { Agent } from 'node:https'
import { googleFailure } from './failure.ts'
import type { Google, Vouched } from './google.ts'
import { readable } from './readable.ts'
import type { ServiceAccountKey } from './service-account-key.ts'
import { createTransport } from './transport.ts'

/** Who the ID token is about, and how it is got. */
export type IdTokenSource =
  | { by: 'impersonation'; account: Vouched }
  | { by: 'key'; key: ServiceAccountKey }
  | { by: 'metadata' }

/** Google ID tokens for one audience; throws UpstreamFailure or GatewayError, and nothing of the library. */
export type GoogleIdTokens = (source: IdTokenSource, audience: string, signal: AbortSignal) => Promise<string>

export function createIdTokens({ google, agent }: { google: Pick<Google, 'idToken'>; agent?: Agent }): GoogleIdTokens {
  return async (source, audience, signal) => {
    if (source.by === 'impersonation') return google.idToken({ ...source.account, audience }, signal)
    try {
      const token =
        source.by === 'key' ? await byKey(source.key, { audience, signal, agent }) : await byMetadata(audience)
      return readable(token)
    } catch (error) {
      throw googleFailure(error)
    }
  }
}

type How = { audience: string; signal: AbortSignal; agent: Agent | undefined }

/** An assertion signed with the account's key, exchanged at Google's token endpoint. */
async function byKey({ email, keyId, privateKey }: ServiceAccountKey, { audience, signal, agent }: How) {
  const { JWT } = await import('google-auth-library')
  const transporter = await createTransport({ ...(agent && { agent }), signal })
  const client = privateKey.within((key) => new JWT({ email, key, keyId, transporter }))
  return client.fetchIdToken(audience)
}

/** The server that every machine of Google has at a fixed, link-local address. */
async function byMetadata(audience: string) {
  const { Compute } = await import('google-auth-library')
  return new Compute().fetchIdToken(audience)
}
