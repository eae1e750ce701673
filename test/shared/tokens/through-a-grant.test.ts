import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../shared/errors.ts'
import type { Through } from '../../../shared/identity/principal.ts'
import type { JwtTarget } from '../../../shared/policy/target.ts'
import { askIntrospection, INACTIVE } from '../../../shared/tokens/introspection.ts'
import { planJwt } from '../../../shared/tokens/jwt-token.ts'
import type { OwnToken } from '../../../shared/tokens/own-token.ts'
import { readParties } from '../../../shared/tokens/subject-token.ts'
import { principal } from '../../support/principal.ts'

const through: Through = { chain: ['root', 'child'], covers: () => false, approvedBy: [], use: async () => undefined }
const target = {
  name: 'orders',
  token: { kind: 'jwt', audience: 'api://orders', scopes: [], maxTtlSeconds: 600 },
} as unknown as JwtTarget

const wish = { txn: 't', jti: 'j', issuer: 'https://gateway.test', actor: undefined, notAfter: 600_000, target, now: 0 }
const planned = planJwt({ ...wish, subject: principal({ through }), context: {}, obligations: {} })

const token: OwnToken = {
  claims: planned.claims,
  iss: 'https://gateway.test',
  sub: 'entra:t:o',
  jti: 'j',
  target: 'orders',
  expiresAt: 600_000,
}
const exchange = { subjectToken: 'ours', actorToken: undefined } as Parameters<typeof readParties>[0]
const caller = { principal: principal({ id: 'entra:t:service' }), provenKey: undefined }
const deps = (throughOf: (grant: string) => Promise<Through>) => ({
  authenticate: () => Promise.reject(new Error('not asked')),
  own: { read: async () => token, isRevoked: async () => false },
  isPassed: () => false,
  throughOf,
})

describe('an access token that came through a grant (T13)', () => {
  it('names the grant, and exchanged it has the limits of it', async () => {
    expect(planned.claims['grant']).toBe('child')
    const asked: string[] = []
    const { subject } = await readParties(
      exchange,
      caller,
      deps(async (grant) => {
        asked.push(grant)
        return through
      }),
    )
    expect([subject.through, asked]).toEqual([through, ['child']])
  })

  it('invalid_subject_token: once the grant is dead', async () => {
    const dead = async () => Promise.reject(new GatewayError('access_denied', 'grant_revoked'))
    await expect(readParties(exchange, caller, deps(dead))).rejects.toMatchObject({
      code: 'invalid_subject_token',
      reason: 'grant_revoked',
    })
  })

  it('storage_unavailable: when nobody can tell', async () => {
    const down = async () => Promise.reject(new GatewayError('storage_unavailable', 'grants_timeout'))
    await expect(readParties(exchange, caller, deps(down))).rejects.toMatchObject({ code: 'storage_unavailable' })
  })
})

describe('an access token whose actor came through a grant (T13)', () => {
  const actor = principal({ id: 'entra:t:actor', through })
  const { claims } = planJwt({ ...wish, subject: principal(), actor, context: {}, obligations: {} })
  const acted = { ...token, claims }
  const own = { read: async () => acted, isRevoked: async () => false }
  const dead = async () => Promise.reject(new GatewayError('access_denied', 'grant_revoked'))

  it('names that grant apart, and exchanged it does not have the limits of it', async () => {
    expect(claims).toMatchObject({ actor_grant: 'child' })
    expect(claims).not.toHaveProperty('grant')
    const { subject } = await readParties(exchange, caller, { ...deps(async () => through), own })
    expect(subject.through).toBeUndefined()
  })

  it('invalid_subject_token, and inactive: once the grant is dead', async () => {
    await expect(readParties(exchange, caller, { ...deps(dead), own })).rejects.toMatchObject({
      code: 'invalid_subject_token',
      reason: 'grant_revoked',
    })
    const question = { txn: 't', principal: principal(), context: {}, token: 'ours' }
    const { prepare } = await askIntrospection(question, { own, throughOf: dead })
    expect(await prepare?.({})).toMatchObject({ sealed: INACTIVE })
  })
})
