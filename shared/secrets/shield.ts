import { GatewayError } from '../errors.ts'
import type { SecretProperties, Vault } from './vault.ts'

export type VaultStatus = 'ok' | 'throttled' | 'unavailable'

export type Shielded = Vault & { status(): VaultStatus }

export type ShieldDeps = { now(): number; report(event: string, detail: Record<string, unknown>): void; alias: string }

/** So many failures in a row open the breaker; each further one keeps it open twice as long. */
const FAILURES_TO_OPEN = 3
const FIRST_OPEN_MS = 5_000
const LONGEST_OPEN_MS = 40_000

const FAILURES = new Set([
  'vault_unreachable',
  'vault_failed',
  'vault_garbled',
  'vault_no_identity',
  'vault_unauthenticated',
])

/**
 * Stands before one vault: no call while it said `Retry-After`, none for a while after failures in a row, then one probe.
 * What a caller gets instead is `vault_unavailable`, at once, with the seconds that are left.
 */
export function createShield(vault: Vault, { now, report, alias }: ShieldDeps): Shielded {
  const throttled = createPause(now)
  const open = createPause(now)
  let failures = 0
  let probing = false

  const enter = (): void => {
    if (throttled.left() > 0) throw unavailable('vault_throttled', throttled.left())
    if (failures < FAILURES_TO_OPEN) return
    if (open.left() > 0 || probing) throw unavailable('vault_breaker_open', Math.max(open.left(), 1_000))
    probing = true
  }

  const leave = (error?: unknown): void => {
    probing = false
    const reason = error instanceof GatewayError ? error.reason : undefined
    if (reason === 'vault_throttled' && error instanceof GatewayError) {
      throttled.begin((error.extras.retryAfterSeconds ?? 1) * 1_000)
      report('vault.throttled', { vault: alias, seconds: error.extras.retryAfterSeconds })
    } else if (reason && FAILURES.has(reason)) {
      failures += 1
      const tooMany = failures - FAILURES_TO_OPEN
      if (tooMany < 0) return
      open.begin(Math.min(FIRST_OPEN_MS * 2 ** tooMany, LONGEST_OPEN_MS))
      report('vault.breaker_open', { vault: alias, reason, failures })
    } else {
      if (failures >= FAILURES_TO_OPEN) report('vault.recovered', { vault: alias })
      failures = 0
    }
  }

  const guarded = async <T>(act: () => Promise<T>): Promise<T> => {
    enter()
    try {
      const answer = await act()
      leave()
      return answer
    } catch (error) {
      leave(error)
      throw error
    }
  }

  return {
    get: (name, version) => guarded(() => vault.get(name, version)),
    versions: (name) => guarded(() => vault.versions(name)),
    set: (name, secret) => guarded(() => vault.set(name, secret)),
    setEnabled: (name, version, enabled) => guarded(() => vault.setEnabled(name, version, enabled)),
    async *list() {
      const items: AsyncIterator<SecretProperties> = vault.list()[Symbol.asyncIterator]()
      for (let next = await guarded(() => items.next()); !next.done; next = await guarded(() => items.next())) {
        yield next.value
      }
    },
    status: () => (throttled.left() > 0 ? 'throttled' : failures >= FAILURES_TO_OPEN ? 'unavailable' : 'ok'),
  }
}

/** A time during which nothing is asked. A clock that was set back ends it, rather than making hours of seconds (T28). */
function createPause(now: () => number) {
  let began = 0
  let lasts = 0
  return {
    begin(milliseconds: number): void {
      began = now()
      lasts = milliseconds
    },
    /** Milliseconds; 0 when it is over. */
    left(): number {
      const age = now() - began
      return age >= 0 && age < lasts ? lasts - age : 0
    },
  }
}

const unavailable = (reason: string, milliseconds: number) =>
  new GatewayError('vault_unavailable', reason, { retryAfterSeconds: Math.max(1, Math.ceil(milliseconds / 1_000)) })
