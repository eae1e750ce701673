import { describe, expect, it } from 'vitest'
import { createHealth, type HealthDeps } from '../../shared/health.ts'

const healthyJournal = {
  state: 'open',
  canary: { state: 'ok' },
  inserts: 0,
  blocks: 0,
  entries: 0,
  waiting: 0,
  lost: 0,
} as const

/** What each part says of itself, all well unless a test says otherwise. */
function health(ill: {
  journal?: Partial<ReturnType<HealthDeps['journal']['status']>>
  policy?: ReturnType<HealthDeps['policy']['status']>['state']
  keys?: ReturnType<HealthDeps['keys']['status']>['state']
  vault?: 'ok' | 'throttled' | 'unavailable'
  issuer?: 'ok' | 'stale' | 'unavailable' | 'unread'
  skewMs?: number
}) {
  return createHealth({
    config: { mode: 'azure', version: '1' },
    journal: { status: () => ({ ...healthyJournal, ...ill.journal }) },
    policy: { fresh: async () => {}, status: () => ({ state: ill.policy ?? 'ok' }) } as HealthDeps['policy'],
    keys: { ready: () => Promise.resolve(), status: () => ({ state: ill.keys ?? 'ok' }) } as HealthDeps['keys'],
    secrets: { status: () => ({ main: ill.vault ?? 'ok' }) },
    authenticator: { status: () => ({ issuers: { i: { state: ill.issuer ?? 'ok' } }, cachedTokens: 0 }) },
    clockSkewMs: () => ill.skewMs ?? 0,
  })()
}

describe('health', () => {
  it('is ok when every part is', async () => {
    expect(await health({})).toEqual({
      status: 'ok',
      mode: 'azure',
      version: '1',
      checks: { journal: 'ok', policies: 'ok', vault: 'ok', issuer: 'ok', clock: 'ok' },
    })
  })

  it.each([
    ['journal', 'failing', { journal: { state: 'failing' } }],
    ['journal', 'failing', { journal: { canary: { state: 'lost' } } }],
    ['policies', 'failing', { policy: 'unavailable' }],
    ['policies', 'no_policy', { policy: 'no_policy' }],
    ['vault', 'failing', { keys: 'unavailable' }],
    ['clock', 'failing', { skewMs: 31_000 }],
    ['clock', 'failing', { skewMs: -31_000 }],
  ] as const)('is unavailable when %s is %s', async (check, state, ill) => {
    expect(await health(ill)).toMatchObject({ status: 'unavailable', checks: { [check]: state } })
  })

  it.each([
    ['policies', 'stale', { policy: 'stale' }],
    ['vault', 'stale', { vault: 'throttled' }],
    ['vault', 'failing', { vault: 'unavailable' }],
    ['issuer', 'failing', { issuer: 'unavailable' }],
    ['issuer', 'unknown', { issuer: 'unread' }],
    ['journal', 'unknown', { journal: { state: 'idle' } }],
    ['clock', 'ok', { skewMs: 29_000 }],
  ] as const)('stays ok, and tells, when %s is %s: other requests are served', async (check, state, ill) => {
    expect(await health(ill)).toMatchObject({ status: 'ok', checks: { [check]: state } })
  })
})
