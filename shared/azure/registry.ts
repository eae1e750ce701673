import { z } from 'zod'
import type { Registry } from '../tokens/acr/registry.ts'
import type { Fetched } from '../tokens/broker/broker.ts'
import { UpstreamFailure } from '../tokens/broker/upstream-failure.ts'
import { upstreamClaims } from '../tokens/upstream-claims.ts'
import type { PostForm } from './post-form.ts'

/** What an Entra token for any registry is for, in every cloud. */
const REGISTRY_RESOURCE = 'https://containerregistry.azure.net'

const Jwt = z
  .string()
  .regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/)
  .max(16_384)
const Lifetime = z.object({ exp: z.int().positive() })

export type RegistryDeps = { post: PostForm; ownToken(resource: string): Promise<string> }

/** The token service of Azure Container Registry (azure.github.io/acr/AAD-OAuth.html); no JavaScript library gives its tokens. */
export function createRegistry({ post, ownToken }: RegistryDeps): Registry {
  return {
    refreshToken:
      (registry) =>
      async ({ signal }) => {
        const form = { grant_type: 'access_token', service: registry, access_token: await ownToken(REGISTRY_RESOURCE) }
        const answer = await post(`https://${registry}/oauth2/exchange`, form, signal)
        return fetched(answer, 'refresh_token')
      },
    accessToken:
      (registry, scope, refreshToken) =>
      async ({ signal }) => {
        const form = { grant_type: 'refresh_token', service: registry, scope, refresh_token: refreshToken }
        return fetched(await post(`https://${registry}/oauth2/token`, form, signal), 'access_token')
      },
  }
}

/** Both tokens are JWTs that say when they end; the answer does not. */
function fetched(answer: unknown, member: string): Fetched {
  const token = Jwt.safeParse((answer as Record<string, unknown> | null)?.[member])
  if (!token.success) throw new UpstreamFailure({})
  return { token: token.data, expiresAt: upstreamClaims(token.data, Lifetime).exp * 1_000 }
}
