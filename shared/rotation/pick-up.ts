import { knownUntil } from '../audit/last-use/fill.ts'
import { createUses, type Use } from '../audit/last-use/uses.ts'
import type { Table } from '../azure/table.ts'
import { secretResource } from '../secrets/secret-ref.ts'
import type { DriverDeps, PickUp } from './driver.ts'

/** Who must still pick a new version up, out of the index of last uses. Throws StorageError. */
export function createPickUp(lastUse: Table): DriverDeps['pickUp'] {
  const uses = createUses(lastUse)
  return async ({ ref, version, publishedAt, lookBackMs }): Promise<PickUp> => {
    // Asked first: what comes in meanwhile is beyond what is claimed to be known.
    const known = await knownUntil(lastUse)
    return {
      stragglers: stragglersOf(await uses.of(secretResource(ref)), { version, publishedAt, lookBackMs }),
      knownUntil: known,
    }
  }
}

type Asked = { version: string; publishedAt: number; lookBackMs: number }

/** Principals that read another version within the look-back and have not read this one; sorted. Pure. */
export function stragglersOf(uses: readonly Use[], { version, publishedAt, lookBackMs }: Asked): string[] {
  const upToDate = new Set(uses.filter((use) => use.version === version).map(({ principal }) => principal))
  const seen = uses.filter((use) => use.version !== version && use.lastRead >= publishedAt - lookBackMs)
  return [...new Set(seen.map(({ principal }) => principal))].filter((principal) => !upToDate.has(principal)).sort()
}
