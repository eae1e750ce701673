import type { Journal } from '../audit/entry.ts'
import { type Filled, fillLastUse } from '../audit/last-use/fill.ts'
import type { Azure } from '../azure/azure.ts'
import type { Config } from '../config.ts'
import type { Grants } from '../grants/grants.ts'
import { type Swept, sweep } from '../sweep/sweep.ts'

/** What the timers do beside rotating. */
export type Upkeep = {
  /** Takes what is new in the journal into the index of last uses. */
  indexUses: () => Promise<Filled>
  /** Removes what has ended, and ends what nobody ended. */
  sweep: () => Promise<Swept>
}

type Deps = {
  azure: Pick<Azure, 'table'>
  config: Config
  journal: Journal
  grants: Pick<Grants, 'expireStale'>
  now: () => number
}

/** Its part of the composition root. */
export function createUpkeep({ azure, config, journal, grants, now }: Deps): Upkeep {
  const { table } = azure
  const audit = table('audit')
  const tables = {
    ...{ audit, handles: table('handles'), leases: table('leases') },
    ...{ once: table('once'), policies: table('policies'), quotas: table('quotas') },
  }
  return {
    indexUses: () =>
      fillLastUse({ audit, lastUse: table('lastUse'), now, journalDeadlineMs: config.journalDeadlineMs }),
    sweep: () => sweep({ tables, journal, now, expireStale: grants.expireStale }),
  }
}
