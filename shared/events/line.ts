import { type DeliverDeps, type Delivered, deliver } from './deliver.ts'
import type { Delivery } from './deliveries.ts'

export type Counts = Record<Delivered | 'failed', number>

const AT_ONCE = 8
/** What one subscriber may cost of a turn. */
const ONE_MS = 30_000

type Turn = {
  due: readonly Delivery[]
  /** Whether nothing more is to be begun; throws when another instance has taken over. */
  over: () => Promise<boolean>
}

/**
 * Goes through what is due, subscribers beside one another and each one's events one after the other: one that is slow, or down,
 * holds up nobody else and is not asked again before the next turn. One delivery's trouble is not the others'. Each turn begins
 * with another one: where its time does not come to all, it comes to others the next time.
 */
export async function goThrough(deps: DeliverDeps, { due, over }: Turn): Promise<Counts> {
  const counts: Counts = { sent: 0, refused: 0, gone: 0, later: 0, slow: 0, parked: 0, taken: 0, failed: 0 }
  const all = [...Map.groupBy(due, ({ subscription }) => subscription).values()]
  const first = Math.floor(deps.random() * all.length)
  const lines = [...all.slice(first), ...all.slice(0, first)]
  const work = async () => {
    for (let line = lines.shift(); line; line = lines.shift()) {
      const until = performance.now() + ONE_MS
      for (const delivery of line.toSorted((one, other) => one.event.at - other.event.at)) {
        if (performance.now() >= until || (await over())) break
        const came = await one(deps, delivery)
        counts[came] += 1
        if (came === 'slow' || came === 'failed') break
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return counts
}

async function one(deps: DeliverDeps, delivery: Delivery): Promise<Delivered | 'failed'> {
  try {
    return await deliver(deps, delivery)
  } catch (error) {
    const reason = error instanceof Error && 'reason' in error ? String(error.reason) : 'unexpected_error'
    deps.report('event.not_delivered', { subscription: delivery.subscription, type: delivery.event.type, reason })
    return 'failed'
  }
}
