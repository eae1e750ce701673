import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../shared/errors.ts'
import type { Principal } from '../../../shared/identity/principal.ts'
import type { Target } from '../../../shared/policy/target.ts'
import type { OwnToken } from '../../../shared/tokens/own-token.ts'
import { subjectAuthenticator } from '../../../shared/tokens/read-subject-jwt.ts'
import { writeCaller } from '../../../shared/tokens/subject-claims.ts'

const GATEWAY = 'https://gateway.test'
const ISSUER = 'https://issuer.test'
const ALICE = {
  ...{ id: 'oidc:test:YWxpY2U', issuerName: 'test', kind: 'oidc', subject: 'alice', groups: ['g'], roles: ['r'] },
  ...{ claims: { iss: ISSUER, sub: 'alice', team: 'blue' }, tokenId: 't-1', expiresAt: 5_000, validatedAt: 1_000 },
} as unknown as Principal

const KINDS: Record<string, string> = { bigquery: 'google', other: 'google', ledger: 'jwt' }

type Changes = {
  claims?: object
  sub?: string
  target?: string
  principal?: Principal
  revoked?: boolean
  tooOften?: boolean
  issuer?: string
}

/** The authenticator of one request for `wanted`, on a token of ours that says what `changes` say. */
function authenticator(wanted: string, changes: Changes = {}) {
  const { principal = ALICE, target = 'bigquery', sub = principal.id } = changes
  const claims = { aud: GATEWAY, ...writeCaller(principal), ...changes.claims }
  const token: OwnToken = { claims, iss: GATEWAY, sub, jti: 'j', target, expiresAt: 2_000 }
  const directory = {
    target: (name: string) => (KINDS[name] ? ({ name, token: { kind: KINDS[name] } } as Target) : undefined),
    targetByResource: () => undefined,
    issuerOf: (iss: string) => (iss === ISSUER ? { name: changes.issuer ?? 'test' } : undefined),
  }
  const gate: string[] = []
  const authenticate = subjectAuthenticator(
    { name: wanted },
    {
      config: { issuer: GATEWAY },
      tokens: {
        own: {
          read: async (text, typ) => (text === 'ours' && typ === 'subject+jwt' ? token : undefined),
          isRevoked: async () => changes.revoked === true,
        },
      },
      policy: { fresh: async () => {}, current: () => directory },
      authenticate: async (text) => {
        gate.push(text)
        return ALICE
      },
      withinRate: (principal) => {
        if (changes.tooOften) throw new GatewayError('rate_limited', 'principal_rate_exceeded')
        return principal
      },
    },
  )
  return { authenticate, gate }
}

const reasonOf = async (wanted: string, changes: Changes, provenKey?: string) => {
  const thrown = await authenticator(wanted, changes)
    .authenticate('ours', provenKey)
    .catch((error: unknown) => error)
  return thrown instanceof GatewayError ? `${thrown.code}: ${thrown.reason}` : thrown
}

describe('a subject token at /oauth2/token', () => {
  it('stands for the caller it was made for, with all that a decision looks at and the end of its own token', async () => {
    const { authenticate, gate } = authenticator('bigquery')
    expect(await authenticate('ours')).toEqual(ALICE)
    expect(gate).toEqual([])
  })

  it('every other token passes the gate of callers', async () => {
    const { authenticate, gate } = authenticator('bigquery')
    await authenticate('theirs')
    expect(gate).toEqual(['theirs'])
  })

  it.each([
    ['subject_for_another_target', 'other', {}],
    ['subject_for_another_target', 'nowhere', {}],
    ['subject_for_another_target', 'ledger', { target: 'ledger' }],
    ['subject_audience', 'bigquery', { claims: { aud: 'https://elsewhere.test' } }],
    ['subject_audience', 'bigquery', { claims: { aud: [GATEWAY] } }],
    ['subject_revoked', 'bigquery', { revoked: true }],
    ['subject_malformed', 'bigquery', { claims: { caller: undefined } }],
    ['subject_malformed', 'bigquery', { claims: { caller: { ...ALICE, admin: true } } }],
    ['subject_malformed', 'bigquery', { sub: 'oidc:test:Ym9i' }],
    ['subject_issuer_not_trusted', 'bigquery', { issuer: 'another' }],
    ['subject_issuer_not_trusted', 'bigquery', { principal: { ...ALICE, claims: { iss: 'https://gone.test' } } }],
    ['subject_bound', 'bigquery', { principal: { ...ALICE, boundTo: 'key-1' } }],
  ] as const)('invalid_token: %s', async (reason, wanted, changes) => {
    expect(await reasonOf(wanted, changes)).toBe(`invalid_token: ${reason}`)
  })

  it('429 rate_limited: a caller that asks too often, before its revocation is looked up', async () => {
    expect(await reasonOf('bigquery', { tooOften: true, revoked: true })).toBe('rate_limited: principal_rate_exceeded')
  })

  it('of a caller with a key is worth nothing without a proof of that key', async () => {
    const bound = { principal: { ...ALICE, boundTo: 'key-1' } }
    expect(await reasonOf('bigquery', bound, 'key-2')).toBe('invalid_token: subject_bound')
    const { authenticate } = authenticator('bigquery', bound)
    expect(await authenticate('ours', 'key-1')).toEqual({ ...ALICE, boundTo: 'key-1' })
  })
})
