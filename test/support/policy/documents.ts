/** Longest time for which a killed apply holds the table. */
export const HELD_SECONDS = 30

export const role = (name: string, actions: readonly string[] = ['secret:get']) => ({ kind: 'role', name, actions })

export const issuer = (name: string, extra: Record<string, unknown> = {}) => ({
  kind: 'issuer',
  name,
  issuer: `https://${name}.example`,
  audiences: ['api://sallyport'],
  algorithms: ['RS256'],
  principal: 'oidc',
  ...extra,
})

export const statement = (id: string, extra: Record<string, unknown> = {}) => ({
  kind: 'statement',
  id,
  effect: 'permit',
  principals: [{ any: true, explicit: true }],
  roles: ['reader'],
  resources: ['secret/main/*'],
  ...extra,
})

export const target = (name: string, extra: Record<string, unknown> = {}) => ({
  kind: 'target',
  name,
  access: 'read',
  token: { kind: 'jwt', audience: `api://${name}`, scopes: ['read'] },
  ...extra,
})
