import type { StoredRow, Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import type { StoredContext } from '../grants/access-context.ts'
import type { OpenItem } from '../grants/open-items.ts'
import type { Rotations } from '../rotation/rotations.ts'
import { CALL } from './outbox.ts'

type ReadItem = Extract<OpenItem, { event: 'breakglass.read' }>

type Deps = {
  table: Table
  readGrant: (id: string) => Promise<StoredContext | 'unknown' | 'tampered'>
  rotate: Rotations['startFor']
  note(event: string, detail: Readonly<Record<string, unknown>>): Promise<void>
  report(event: string, detail: Record<string, unknown>): void
  now: () => number
}

/** Gives whether there is nothing left to do about it. */
export type Aftermath = (item: ReadItem, row: StoredRow) => Promise<boolean>

/** What keeps a run from beginning for long: paused or stuck, or what was published before is not retired for weeks. */
const BLOCKED: ReadonlySet<string> = new Set(['rotation_paused', 'run_under_way', 'family_busy'])

/**
 * What was read through a break-glass grant is made new, once, when the grant has ended: before, it could be read again. A
 * secret that no rotation makes new, or not soon, is named to the operators, since a person has to.
 */
export function createAftermath({ table, readGrant, rotate, note, report, now }: Deps): Aftermath {
  return async ({ grant, resource }, row) => {
    const found = await readGrant(grant)
    if (typeof found !== 'string' && isAlive(found, now())) return false
    const secret = resource.replace(/^secret\//, '')
    const tell = async (why: string) => {
      report('breakglass.not_rotated', { grant, secret, why })
      await note('breakglass.not_rotated', { grant, secret, why })
    }
    try {
      const begun = await rotate({ secret, operation: `breakglass|${grant}|${resource}`, by: 'breakglass' })
      if (begun) await note('breakglass.rotated', { grant, secret, rotation: begun.rotation.name, run: begun.run.id })
      if (!begun) await tell('no_rotation')
      // Its run is begun and waits for somebody who takes each step.
      else if (begun.rotation.mode === 'manual') await tell('mode_manual')
      return true
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'conflict') throw error
      if (BLOCKED.has(error.reason) && row['told'] === undefined) {
        await tell(error.reason)
        const { etag, ...said } = row
        await table.replace({ ...said, told: true }, etag, CALL)
      }
      return false
    }
  }
}

const isAlive = ({ status }: StoredContext, now: number) =>
  (status.state === 'active' || status.state === 'pending') && status.expiresAt > now
