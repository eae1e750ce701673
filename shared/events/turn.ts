import type { Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import { takeLease } from '../lease.ts'

export type TurnDeps = { leases: Table; now: () => number; pause: (ms: number) => Promise<void> }

const LIFE_MS = 30_000
const CALL = { deadlineMs: 5_000 }
const TRIES = 50
const TURN_MS = 200

const busy = () => {
  const detail = 'the same callback is being subscribed or unsubscribed'
  return new GatewayError('in_progress', 'subscription_busy', { detail, retryAfterSeconds: 5 })
}

/**
 * Runs `act` while nobody else changes that subscription: row and vault are two things. Who comes meanwhile waits some seconds.
 * Throws `in_progress`. INVARIANT: names of leases are bounded (256), their rows stay for ever.
 */
export async function inTurn<T>({ leases, now, pause }: TurnDeps, id: string, act: () => Promise<T>): Promise<T> {
  const options = { name: `subscription|${id.slice(0, 2)}`, lifeMs: LIFE_MS, minFence: 0, lost: busy, now, ...CALL }
  for (let left = TRIES; left > 0; left -= 1) {
    const lease = await takeLease(leases, options)
    if (!lease) {
      await pause(TURN_MS)
      continue
    }
    try {
      return await act()
    } finally {
      await lease.release().catch(() => undefined)
    }
  }
  throw busy()
}
