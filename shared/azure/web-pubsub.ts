import type { TokenCredential } from '@azure/identity'
import { UpstreamFailure } from '../tokens/broker/upstream-failure.ts'
import type { GenerateClientToken } from '../tokens/web-pubsub/hub.ts'
import { type ClientDeps, clientOptions } from './client-options.ts'
import { sharedOnce } from './once.ts'
import { upstreamFailure } from './upstream.ts'

const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{1,16384}$/

/** The service's own client asks it for a token under the gateway's identity; no access key is involved. */
export function createWebPubSub({
  credential,
  ...deps
}: ClientDeps & { credential: TokenCredential }): GenerateClientToken {
  const sdk = sharedOnce(() => import('@azure/web-pubsub'))
  return async ({ endpoint, hub, roles, groups, userId, minutes }, signal) => {
    const { WebPubSubServiceClient } = await sdk()
    const client = new WebPubSubServiceClient(endpoint, credential, hub, clientOptions(endpoint, deps))
    const asked = client.getClientAccessToken({
      roles: [...roles],
      groups: [...groups],
      expirationTimeInMinutes: minutes,
      ...(userId !== undefined && { userId }),
      abortSignal: signal,
    })
    const { token, baseUrl } = await asked.catch((error: unknown) => {
      throw upstreamFailure(error)
    })
    if (!TOKEN.test(token)) throw new UpstreamFailure({})
    return { token, url: baseUrl }
  }
}
