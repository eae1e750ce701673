import type { Fault } from './faulty-link.ts'

/** What callers do while something is wrong. */
export type Act = 'read cached' | 'read uncached' | 'set' | 'issue' | 'whoami' | 'jwks' | 'healthz'

/**
 * `warm`: everything was used before. `late`: and so long ago that cached secrets and the policy set are past their time.
 * `cold`: the process starts in the middle of it.
 */
export type State = 'warm' | 'late' | 'cold'

/** `ok`, `ok stale`, or the status and code of the refusal. */
export type Outcome = string

export type Outcomes = Record<Act, Outcome>

export type Dependency = 'storage' | 'main vault' | 'gateway vault' | 'issuer' | 'identity endpoint'

export const STATES: readonly State[] = ['warm', 'late', 'cold']

export const FAULTS: readonly Fault[] = [
  'refused',
  'frozen',
  'throttled 429',
  'throttled 503',
  'reset',
  'garbage',
  'redirect',
  'wrong TLS',
]

const all = (outcome: Outcome): Outcomes => ({
  'read cached': outcome,
  'read uncached': outcome,
  set: outcome,
  issue: outcome,
  whoami: outcome,
  jwks: outcome,
  healthz: outcome,
})

const OK = all('ok')
const NO_POLICY = { ...all('503 policy_unavailable'), healthz: '503' }
const NO_KEYS = { jwks: '503 keys_unavailable', healthz: '503' }
const NO_SECRETS = { 'read uncached': '503 vault_unavailable', set: '503 vault_unavailable' }

/** Nothing is handed out that cannot be recorded; what is cached and still valid serves; each lack has a code of its own. */
const EXPECTED: Record<Dependency, Record<State, Outcomes>> = {
  storage: {
    warm: {
      'read cached': '503 journal_unavailable',
      'read uncached': '503 journal_unavailable',
      // What mutates reads the revision of the policies first.
      set: '503 policy_unavailable',
      issue: '503 policy_unavailable',
      whoami: 'ok',
      jwks: 'ok',
      healthz: '503',
    },
    late: { ...NO_POLICY, jwks: 'ok' },
    cold: { ...NO_POLICY, ...NO_KEYS },
  },
  'main vault': {
    warm: { ...OK, ...NO_SECRETS },
    late: { ...OK, ...NO_SECRETS, 'read cached': '503 vault_unavailable' },
    cold: { ...OK, ...NO_SECRETS, 'read cached': '503 vault_unavailable' },
  },
  'gateway vault': {
    warm: OK,
    late: OK,
    // The journal signs with a key of that vault.
    cold: { ...all('503 journal_unavailable'), whoami: 'ok', ...NO_KEYS },
  },
  issuer: {
    warm: OK,
    late: OK,
    cold: { ...all('503 issuer_unavailable'), jwks: 'ok', healthz: 'ok' },
  },
  'identity endpoint': {
    warm: OK,
    late: OK,
    cold: { ...NO_POLICY, ...NO_KEYS },
  },
}

/** The one cell where the fault makes a difference: a vault that throttles is alive, so a value past its time still serves. */
export function expected(dependency: Dependency, fault: Fault, state: State): Outcomes {
  const outcomes = EXPECTED[dependency][state]
  const throttles = dependency === 'main vault' && state === 'late' && fault.startsWith('throttled')
  return throttles ? { ...outcomes, 'read cached': 'ok stale' } : outcomes
}

export const isHandOut = (act: Act) => act !== 'whoami' && act !== 'jwks' && act !== 'healthz'
