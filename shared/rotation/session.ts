import type { Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import { type Lease, takeLease } from '../lease.ts'
import type { RotationState, Run } from './run.ts'
import type { States, StoredState } from './states.ts'

/** One instance's turn with one rotation. */
export type Session = {
  state(): StoredState
  /** Throws `conflict` / `rotation_taken_over` when another instance has it now: nothing may be changed any more. */
  guard(): Promise<void>
  /** Stores the run and when the rotation is due again (milliseconds, Infinity for never); throws like `guard`. */
  save(run: Run | undefined, nextAt: number): Promise<void>
}

/** Longer than any single call of a rotator, so that a live holder renews in time. */
const LEASE_LIFE_MS = 60_000
const CALL = { deadlineMs: 5_000 }

const takenOver = () =>
  new GatewayError('conflict', 'rotation_taken_over', {
    detail: 'another instance drives this rotation',
    retryAfterSeconds: 5,
  })

/**
 * Runs `act` while this instance alone may move the rotation; undefined when another one does. INVARIANT: the fence goes into
 * the state before anything else, which changes its ETag: what a slower holder tries to store afterwards is refused.
 */
export async function withRotation<T>(
  { states, leases, now }: { states: States; leases: Table; now: () => number },
  name: string,
  act: (session: Session) => Promise<T>,
): Promise<T | undefined> {
  const before = await states.read(name)
  const options = {
    name: `rotation|${name}`,
    lifeMs: LEASE_LIFE_MS,
    now,
    minFence: before.fence,
    lost: takenOver,
    ...CALL,
  }
  const lease = await takeLease(leases, options)
  if (!lease) return undefined
  try {
    let stored = await claim(states, name, lease)
    let renewedAt = now()
    const session: Session = {
      state: () => stored,
      async guard() {
        if (Math.abs(now() - renewedAt) > LEASE_LIFE_MS / 3) {
          await lease.renew()
          renewedAt = now()
        }
        if ((await states.read(name)).fence !== lease.fence) throw takenOver()
      },
      async save(run, nextAt) {
        const written = await states.write(stored, next(stored, run, lease), nextAt)
        if (written === 'changed') throw takenOver()
        stored = written
      },
    }
    return await act(session)
  } finally {
    await lease.release().catch(() => undefined)
  }
}

async function claim(states: States, name: string, { fence }: Lease): Promise<StoredState> {
  const found = await states.read(name)
  if (found.fence >= fence) throw takenOver()
  const { etag: _etag, dueKey, ...state } = found
  const nextAt = dueKey === undefined ? Number.POSITIVE_INFINITY : Number(dueKey.slice(0, 13))
  const written = await states.write(found, { ...state, fence }, nextAt)
  if (written === 'changed') throw takenOver()
  return written
}

function next({ name, lastRotatedAt }: StoredState, run: Run | undefined, { fence }: Lease): RotationState {
  const rotatedAt = run?.state === 'current' ? run.publishedAt : lastRotatedAt
  return { name, fence, ...(run && { run }), ...(rotatedAt !== undefined && { lastRotatedAt: rotatedAt }) }
}
