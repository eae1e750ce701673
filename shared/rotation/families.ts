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
 * Table `rotations`, PK `_family`, RK family: which member began last. It needs no release, since the member's own state
 * says whether its run is over. INVARIANT: two members never run together nor within the spacing: one claims before it
 * begins, and confirms, which changes the row, before its run does anything; a claim that overtook it loses by the ETag, or
 * is seen by the confirmation. Throws StorageError.
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
  const freeAt = async (member: Member) =>
    member.family ? freeFrom(member, (await read(member.family.name))?.['member']) : Number.NEGATIVE_INFINITY

  async function freeFrom({ name, family }: Member, last: unknown): Promise<number> {
    if (typeof last !== 'string' || last === name) return Number.NEGATIVE_INFINITY
    const { run } = await states.read(last)
    const spacing = ms(family?.spacing)
    if (isUnderWay(run)) return now() + Math.min(LOOK_AGAIN_MS, spacing)
    // A run that ended in the future did so by a clock that was wrong.
    return Math.min(run?.endedAt ?? Number.NEGATIVE_INFINITY, now()) + spacing
  }

  return {
    freeAt,
    /** Takes the family for a run about to begin; false when another member came first. */
    async claim(member: Member): Promise<boolean> {
      const { name, family } = member
      if (!family) return true
      const found = await read(family.name)
      // INVARIANT: decided on the very row that is replaced.
      if ((await freeFrom(member, found?.['member'])) > now()) return false
      const row = { partitionKey: FAMILY, rowKey: family.name, member: name, since: new Date(now()).toISOString() }
      if (!found) return (await table.insert(row, CALL)) === 'inserted' || (await isMine(family.name, name))
      return (await table.replace(row, found.etag, CALL)) !== 'changed' || (await isMine(family.name, name))
    },
    /** Before a run does anything: whether the family is still its own, so that nobody can claim over it from now on. */
    async confirm({ name, family }: Member, runId: string): Promise<boolean> {
      if (!family) return true
      const found = await read(family.name)
      if (found?.['member'] !== name) return false
      if (found['run'] === runId) return true
      const { etag, ...row } = found
      if ((await table.replace({ ...row, run: runId }, etag, CALL)) !== 'changed') return true
      const again = await read(family.name)
      return again?.['member'] === name && again['run'] === runId
    },
  }

  /** A retried write that had committed looks like a lost race. */
  async function isMine(family: string, name: string): Promise<boolean> {
    return (await read(family))?.['member'] === name
  }
}
