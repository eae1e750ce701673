import type { JournalStatus } from './audit/journal.ts'
import type { Config } from './config.ts'
import type { Authenticator } from './identity/authenticate.ts'
import type { PolicyStore } from './policy/store.ts'
import type { Secrets } from './secrets/secrets.ts'
import type { KeyRing } from './tokens/keys/key-ring.ts'

export type Check = 'ok' | 'stale' | 'unknown' | 'failing' | 'no_policy'

export type Health = {
  status: 'ok' | 'unavailable'
  mode: Config['mode']
  version: string
  checks: Record<'journal' | 'policies' | 'vault' | 'issuer' | 'clock', Check>
}

export type HealthDeps = {
  config: Pick<Config, 'mode' | 'version'>
  journal: { status(): JournalStatus }
  policy: PolicyStore
  keys: KeyRing
  secrets: Pick<Secrets, 'status'>
  authenticator: Pick<Authenticator, 'status'>
  /** Storage's clock minus ours. */
  clockSkewMs: () => number | undefined
}

/** Beyond this tokens and expiries cannot be trusted (T28). */
const MAX_SKEW_MS = 30_000
/** How long a look may wait for what is read at the first use. */
const PATIENCE_MS = 2_500

/**
 * Could this instance serve a request now? `unavailable` when the journal, the policies or the gateway's own keys say no, or
 * the clock is off; a slow issuer or a throttled vault concerns some requests only, so those show and do not decide.
 */
export function createHealth(deps: HealthDeps): () => Promise<Health> {
  let looking: Promise<Health> | undefined
  return () => {
    looking ??= look(deps).finally(() => {
      looking = undefined
    })
    return looking
  }
}

async function look({
  config,
  journal,
  policy,
  keys,
  secrets,
  authenticator,
  clockSkewMs,
}: HealthDeps): Promise<Health> {
  await atMost(PATIENCE_MS, Promise.allSettled([policy.fresh(), keys.ready()]))
  const own = keys.status().state
  const policies = policyCheck(policy.status().state)
  const checks = {
    journal: journalCheck(journal.status()),
    policies,
    vault: own === 'unavailable' ? 'failing' : worst(Object.values(secrets.status()).map(vaultCheck)),
    issuer: worst(Object.values(authenticator.status().issuers).map(({ state }) => issuerCheck(state))),
    clock: clockCheck(clockSkewMs()),
  } as const
  const serves =
    checks.journal !== 'failing' &&
    own !== 'unavailable' &&
    ['ok', 'stale'].includes(policies) &&
    checks.clock !== 'failing'
  return { status: serves ? 'ok' : 'unavailable', mode: config.mode, version: config.version, checks }
}

function journalCheck({ state, canary }: JournalStatus): Check {
  if (state === 'failing' || state === 'closed' || canary.state === 'lost') return 'failing'
  return state === 'idle' ? 'unknown' : 'ok'
}

const policyCheck = (state: ReturnType<PolicyStore['status']>['state']): Check =>
  state === 'unavailable' ? 'failing' : state

const vaultCheck = (state: 'ok' | 'throttled' | 'unavailable'): Check =>
  (({ ok: 'ok', throttled: 'stale', unavailable: 'failing' }) as const)[state]

const issuerCheck = (state: 'ok' | 'stale' | 'unavailable' | 'unread'): Check =>
  (({ ok: 'ok', stale: 'stale', unavailable: 'failing', unread: 'unknown' }) as const)[state]

function clockCheck(skewMs: number | undefined): Check {
  if (skewMs === undefined) return 'unknown'
  return Math.abs(skewMs) > MAX_SKEW_MS ? 'failing' : 'ok'
}

/** `unknown` before anything was asked. */
function worst(checks: readonly Check[]): Check {
  return (['failing', 'stale', 'ok'] as const).find((check) => checks.includes(check)) ?? 'unknown'
}

async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise((done) => {
    timer = setTimeout(done, ms)
  })
  await Promise.race([work, limit])
  clearTimeout(timer)
}
