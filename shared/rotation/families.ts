import type { Table } from '../azure/table.ts'
import type { RotationDocument } from '../policy/documents/rotation.ts'
import { isUnderWay } from './run.ts'
import { ms } from './schedule.ts'
import type { States } from './states.ts'

/** No name of a rotation begins with `_`. */
const FAMILY = '_family'
const CALL = { deadlineMs: 5_000 }
/** How soon a member looks again while another one runs. */
const LOOK_AGAIN_MS = 60_000

type Member = Pick<RotationDocument, 'name' | 'family'>

export type Families = ReturnType<typeof createFamilies>

/**
 * Table `rotations`, PK `_family`, RK family: which member began last. A claim is a compare-and-set, so two members never
 * begin together; it needs no release, since the member's own state says whether its run is over. Throws StorageError.
 */
export function createFamilies({
  table,
  states,
  now,
}: {
  table: Table
  states: Pick<States, 'read'>
  now: () => number
}) {
  const read = (family: string) => table.get(FAMILY, family, CALL)

  /** From when on (milliseconds) no other member is in the way; the past when there is none. */
  async function freeAt({ name, family }: Member): Promise<number> {
    if (!family) return Number.NEGATIVE_INFINITY
    const last = (await read(family.name))?.['member']
    if (typeof last !== 'string' || last === name) return Number.NEGATIVE_INFINITY
    const { run } = await states.read(last)
    if (isUnderWay(run)) return now() + Math.min(LOOK_AGAIN_MS, ms(family.spacing))
    return (run?.endedAt ?? Number.NEGATIVE_INFINITY) + ms(family.spacing)
  }

  return {
    freeAt,
    /** Takes the family for a run about to begin; false when another member came first. */
    async claim(member: Member): Promise<boolean> {
      const { name, family } = member
      if (!family) return true
      const found = await read(family.name)
      if ((await freeAt(member)) > now()) return false
      const row = { partitionKey: FAMILY, rowKey: family.name, member: name, since: new Date(now()).toISOString() }
      if (!found) return (await table.insert(row, CALL)) === 'inserted' || (await isMine(family.name, name))
      return (await table.replace(row, found.etag, CALL)) !== 'changed' || (await isMine(family.name, name))
    },
  }

  /** A retried write that had committed looks like a lost race. */
  async function isMine(family: string, name: string): Promise<boolean> {
    return (await read(family))?.['member'] === name
  }
}
