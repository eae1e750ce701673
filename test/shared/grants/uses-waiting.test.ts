import { afterEach, describe, expect, it, vi } from 'vitest'
import type { StoredContext } from '../../../shared/grants/access-context.ts'
import type { Reading, Slots } from '../../../shared/grants/slots.ts'
import { createUses, takeOf } from '../../../shared/grants/uses.ts'
import { outcomeOf } from '../../support/grants.ts'
import { createMemoryTable } from '../../support/memory-table.ts'

const context = { terms: { id: 'g', maxUses: 50 }, status: {} } as unknown as StoredContext
const READING: Reading<StoredContext> = { context, left: 50, free: [1, 2, 3] }

afterEach(() => void vi.restoreAllMocks())

/** Slots that answer when they are let; `started` counts the readings. */
function heldSlots() {
  let letGo = () => {}
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const counts = { read: 0 }
  const slots: Slots = {
    read: async () => {
      counts.read++
      await held
      return READING
    },
    look: async () => READING,
    take: async () => 'done',
  }
  return { slots, counts, letGo }
}

describe('uses of one grant while storage answers late (T12)', () => {
  it('503 storage_unavailable: who waited behind others for 5 s is not tried any more, and takes nothing', async () => {
    const { slots, counts, letGo } = heldSlots()
    const uses = createUses({ table: createMemoryTable(), store: {} as never, slots, now: () => 0 })
    const take = (txn: string) =>
      uses.take(
        { id: 'g', maxUses: 50, check: () => context },
        takeOf({ txn, action: 'secret:get', resource: 'secret/main/a' }),
      )
    const first = take('one')
    const second = outcomeOf(take('two'))
    const start = performance.now()
    vi.spyOn(performance, 'now').mockReturnValue(start + 5_001)
    letGo()
    await first
    expect(await second).toBe('storage_unavailable grant_contended')
    expect(counts.read).toBe(1)
  })
})
