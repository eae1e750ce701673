import { describe, expect, it } from 'vitest'
import { createUses } from '../../../shared/audit/last-use/uses.ts'
import { createSnapshotBuilder } from '../../../shared/policy/snapshot.ts'
import { createReview, type ReviewEvent } from '../../../shared/review/review.ts'
import { UpstreamFailure } from '../../../shared/tokens/broker/upstream-failure.ts'
import { createMemoryTable } from '../../support/memory-table.ts'
import { DAY, entra, NOW } from '../../support/review-facts.ts'
import { createMemoryVault } from '../../support/rotation-memory.ts'

const HOUR = 3_600_000

/** Storage that outlives the processes on it; Graph and ARM are away. */
async function world() {
  const [lastUse, reports, leases] = [createMemoryTable(), createMemoryTable(), createMemoryTable()]
  const uses = createUses(lastUse)
  const read = (who: number, at: number) => ({
    ...{ principal: entra(who), version: 'v', reads: 1 },
    firstRead: at,
    lastRead: at,
  })
  await uses.add('secret/main/a', read(1, NOW - 10 * DAY))
  await uses.add('secret/main/a', read(2, NOW - HOUR))
  const clock = { now: NOW }
  const away = async (): Promise<never> => {
    throw new UpstreamFailure({ status: 503, error: 'ServiceUnavailable' })
  }
  const events: ReviewEvent[] = []
  const instance = (emit = async (event: ReviewEvent) => void events.push(event)) =>
    createReview({
      ...{ lastUse, reports, leases, emit, now: () => clock.now },
      policy: () => createSnapshotBuilder().build({ revision: 1, loadedAt: NOW }),
      vaults: new Map([['main', createMemoryVault(() => NOW)]]),
      rotations: { state: async () => ({}), stragglers: async () => [] },
      graph: { service: away, origin: 'https://graph.microsoft.com' },
      arm: { service: away, origin: 'https://management.azure.com' },
      ...{ reviewScopes: ['/subscriptions/s/resourceGroups/g'], ownObjectId: () => 'oid' },
      configured: {
        vaults: new Map(),
        gatewayVault: 'https://g.vault.azure.net',
        tableEndpoint: 'https://t.table.core.windows.net',
        policyApi: false,
      },
    })
  return { clock, events, instance, leases }
}
const types = (events: readonly ReviewEvent[]) => events.map(({ type }) => type)

describe('a review', () => {
  it('tells an anomaly once, however often it is found, and each time that it is ready', async () => {
    const { events, instance, clock } = await world()
    await instance().run()
    clock.now += HOUR
    await instance().run()
    expect(types(events)).toEqual(['audit.anomaly', 'review.ready', 'review.ready'])
    expect(events[0]?.detail).toMatchObject({ what: 'first_read', principal: entra(2) })
  })

  it('killed while telling: told again under the same id, once its lease is over', async () => {
    const { events, instance, clock } = await world()
    const seen: string[] = []
    const dying = instance(async ({ id }) => {
      seen.push(id)
      throw new Error('killed')
    })
    await expect(dying.run()).rejects.toThrow('killed')
    clock.now += 11 * 60_000
    await instance().run()
    expect(events[0]?.id).toBe(seen[0])
    expect(types(events)).toEqual(['audit.anomaly', 'review.ready'])
  })

  it('two at once: one of them does it', async () => {
    const { events, instance } = await world()
    const runs = await Promise.all([instance().run(), instance().run()])
    expect(runs.map(({ reports }) => reports).sort()).toEqual([0, 5])
    expect(types(events)).toEqual(['audit.anomaly', 'review.ready'])
  })

  it('goes on without Graph and ARM, and says what it does not know', async () => {
    const { instance } = await world()
    const review = instance()
    const { sections } = await review.report('identities')
    expect(sections.every(({ total, meaning }) => total === 0 && meaning.includes('503 ServiceUnavailable'))).toBe(true)
    expect((await review.report('rbac')).sections[0]).toMatchObject({
      total: 0,
      meaning: expect.stringContaining('NOT KNOWN'),
    })
  })

  it('in_progress: the first one is being made by another instance', async () => {
    const { instance, leases } = await world()
    const expires = new Date(NOW + 60_000).toISOString()
    await leases.insert({ partitionKey: 'lease', rowKey: 'review', owner: 'x', fence: 1, expires })
    await expect(instance().report('unused')).rejects.toMatchObject({ code: 'in_progress' })
  })
})
