import type { Journal } from '../audit/entry.ts'
import { type Filled, fillLastUse } from '../audit/last-use/fill.ts'
import type { Azure } from '../azure/azure.ts'
import { CLOUDS } from '../azure/clouds.ts'
import { createJsonService } from '../azure/json-service.ts'
import type { Config } from '../config.ts'
import type { Events } from '../events/events.ts'
import type { Grants } from '../grants/grants.ts'
import type { PolicyStore } from '../policy/store.ts'
import { createReview, type Review } from '../review/review.ts'
import type { Rotations } from '../rotation/rotations.ts'
import type { Vault } from '../secrets/vault.ts'
import { type Swept, sweep } from '../sweep/sweep.ts'

/** What the timers do beside rotating. */
export type Upkeep = {
  /** Takes what is new in the journal into the index of last uses. */
  indexUses: () => Promise<Filled>
  /** Removes what has ended, and ends what nobody ended. */
  sweep: () => Promise<Swept>
  /** The daily access review and its reports. */
  review: Review
}

type Deps = {
  vaults: ReadonlyMap<string, Vault>
  azure: Pick<Azure, 'table' | 'ownToken' | 'ownIds' | 'agent'>
  config: Config
  journal: Journal
  grants: Pick<Grants, 'expireStale'>
  policy: Pick<PolicyStore, 'current'>
  rotations: Rotations
  emit: Events['emit']
  now: () => number
}

/** Its part of the composition root. */
export function createUpkeep({ azure, vaults, config, journal, grants, policy, rotations, emit, now }: Deps): Upkeep {
  const { table, agent, ownToken } = azure
  const audit = table('audit')
  const lastUse = table('lastUse')
  const tables = {
    ...{ audit, lastUse, handles: table('handles'), leases: table('leases'), reports: table('reports') },
    ...{ once: table('once'), policies: table('policies'), quotas: table('quotas') },
    subscriptions: table('subscriptions'),
  }
  const { graph, arm } = CLOUDS[config.cloud]
  const service = (origin: string) => ({
    origin,
    service: createJsonService({ origin, ownToken, ...(agent && { agent }) }),
  })
  return {
    indexUses: () => fillLastUse({ audit, lastUse, now, journalDeadlineMs: config.journalDeadlineMs }),
    sweep: () => sweep({ tables, journal, now, expireStale: grants.expireStale }),
    review: createReview({
      policy: policy.current,
      ...{ vaults, lastUse, rotations, now, leases: tables.leases, reports: tables.reports },
      ...{ graph: service(graph), arm: service(arm), reviewScopes: config.reviewScopes },
      ownObjectId: () => azure.ownIds()[0],
      configured: config,
      emit: ({ type, id, detail }) => emit({ type, id, at: now(), subject: 'audit', data: detail }),
    }),
  }
}
