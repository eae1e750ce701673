import type { Config } from '../shared/config.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { issuerMetadata, resourceMetadata } from '../shared/tokens/metadata.ts'

/** Public, the same for everybody, and changed by a deployment only. */
const CACHED = { 'Cache-Control': 'public, max-age=300' }

const document = (name: string, route: string, make: (config: Config) => object): Endpoint => ({
  name,
  route: `.well-known/${route}`,
  dialect: 'oauth',
  methods: { GET: async (_request, { config }) => ({ status: 200, headers: CACHED, json: make(config) }) },
})

/** OpenID Connect Discovery 1.0 §4. */
export const openidConfiguration = document('openid-configuration', 'openid-configuration', issuerMetadata)

/** RFC 8414 §3. */
export const authorizationServer = document('authorization-server', 'oauth-authorization-server', issuerMetadata)

/** RFC 9728 §3. */
export const protectedResource = document('protected-resource', 'oauth-protected-resource', resourceMetadata)
