import { newestDecided } from '../audit/decided-entries.ts'
import type { DecidedEntry } from '../audit/entry.ts'
import { createReplayJobs, type ReplayJobs } from '../audit/replay/jobs.ts'
import type { Azure } from '../azure/azure.ts'
import type { Config } from '../config.ts'
import type { Decision, Question } from '../policy/decision.ts'
import type { PolicyStore } from '../policy/store.ts'
import { createPolicyChanges, type PolicyChanges } from '../policy-changes/policy-changes.ts'
import { createProbes, type Probes } from '../probes/probes.ts'
import { ownOf, refuseOwnTargets } from '../rotation/own-target.ts'
import type { KeyRing } from '../tokens/keys/key-ring.ts'
import type { OwnTokens } from '../tokens/own-token.ts'

/** What looks at policy and journal without handing anything out. */
export type Tooling = {
  /** Proves again what the set says must be denied and allowed; answers for one probe. */
  probes: Probes
  /** Replays of proposed sets over the journal. */
  replays: ReplayJobs
  /** The newest decided entry of the last days that matches, for explanations. */
  findDecided: (days: number, matches: (entry: DecidedEntry) => boolean) => Promise<DecidedEntry | undefined>
  /** Documents as they are read and written over HTTP. */
  policyChanges: PolicyChanges
}

type Deps = {
  azure: Pick<Azure, 'table' | 'ownIds'>
  config: Config
  own: Pick<OwnTokens, 'read'>
  keys: Pick<KeyRing, 'signer'>
  policy: PolicyStore
  decide: (question: Question, at: number) => Decision
  now: () => number
  report: (event: string, detail: Record<string, unknown>) => void
}

/** Its part of the composition root. */
export function createTooling({ azure, now, report, ...deps }: Deps): Tooling {
  const audit = azure.table('audit')
  return {
    probes: createProbes({ ...deps, now, report }),
    replays: createReplayJobs({ audit, jobs: azure.table('leases'), now, report }),
    policyChanges: createPolicyChanges({
      ...{ table: azure.table('policies'), now },
      checks: {
        forbiddenIssuer: deps.config.issuer,
        // Its identity is known from its first token on, so it is asked anew each time.
        refuse: (document) => refuseOwnTargets(ownOf(deps.config, azure.ownIds()))(document),
      },
      refresh: deps.policy.refresh,
    }),
    findDecided: (days, matches) => newestDecided(audit, { now: now(), days }, matches),
  }
}
