import type { Decision, Question } from '../policy/decision.ts'
import type { PolicyStore } from '../policy/store.ts'
import type { KeyRing } from '../tokens/keys/key-ring.ts'
import type { OwnTokens } from '../tokens/own-token.ts'
import { createProbeAnswers, type ProbeAnswers } from './answer-probe.ts'
import { createFrontDoor } from './front-door.ts'
import { createProbeTokens } from './probe-token.ts'
import { type ProbeRun, runProbes } from './run-probes.ts'

export type Probes = ProbeAnswers & {
  /** Asks every probe of the set through the front door; for the timer. */
  run(): Promise<ProbeRun>
}

type Deps = {
  own: Pick<OwnTokens, 'read'>
  keys: Pick<KeyRing, 'signer'>
  config: { issuer: string; frontDoor: string }
  policy: Pick<PolicyStore, 'fresh' | 'current'>
  decide(question: Question, at: number): Decision
  now(): number
  report(event: string, detail: Record<string, unknown>): void
}

/** Both sides of probes (docs/adr/0007): the timer that asks, and the door that answers. */
export function createProbes({ own, keys, config, policy, decide, now, report }: Deps): Probes {
  const { issuer, frontDoor } = config
  const run = { policy, report, sign: createProbeTokens({ keys, issuer, now }), door: createFrontDoor(frontDoor) }
  return { ...createProbeAnswers({ own, issuer, policy, decide, now }), run: () => runProbes(run) }
}
