import { describe, expect, it } from 'vitest'
import { changeHash } from '../../../shared/policy-changes/change.ts'
import { createProposals, type NewProposal } from '../../../shared/policy-changes/proposals.ts'
import { createMemoryTable } from '../../support/memory-table.ts'

const DAY = 86_400_000
const published = { revision: 3, count: 1, hash: 'h', fence: 1, lineage: 'one', etag: 'e' }
const change = { kind: 'role', id: 'a', text: '{"kind":"role","name":"a"}' }

function setup() {
  const clock = { now: 0 }
  const table = createMemoryTable()
  return { clock, table, proposals: createProposals({ table, now: () => clock.now }) }
}

const proposal = (id = 'a'): NewProposal => ({
  ...{ sha256: changeHash({ ...change, id }, 'writer', { published }), change: { ...change, id } },
  ...{ writer: 'writer', revision: 3 },
})

describe('a proposal (T36)', () => {
  it('is of one change, writer, revision and table: every other one is another', () => {
    const hashes = [
      changeHash(change, 'writer', { published }),
      changeHash({ ...change, text: '{}' }, 'writer', { published }),
      changeHash({ kind: 'role', id: 'a' }, 'writer', { published }),
      changeHash(change, 'another', { published }),
      changeHash(change, 'writer', { published: { ...published, revision: 4 } }),
      changeHash(change, 'writer', { published: { ...published, lineage: 'two' } }),
    ]
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  it('lives for 24 hours, approved or not, and is swept by the next one', async () => {
    const { clock, table, proposals } = setup()
    const { sha256 } = proposal()
    expect(await proposals.keep(proposal())).toBe(DAY)
    clock.now = DAY - 1
    expect(await proposals.keep(proposal())).toBe(DAY)
    const found = await proposals.read(sha256)
    if (!found) throw new Error('it is there')
    await proposals.decide(found, { state: 'approved', approver: 'other', reason: 'r' })
    expect(await proposals.read(sha256)).toMatchObject({ state: 'approved', approver: 'other', change })
    clock.now = DAY
    expect(await proposals.read(sha256)).toBeUndefined()
    expect(await proposals.of('role', 'a')).toEqual([])
    await proposals.keep(proposal('b'))
    expect(table.rows().map(({ rowKey }) => rowKey)).toEqual([`p|${proposal('b').sha256}`])
  })

  it('has one word: the first; the same one again is no fault', async () => {
    const { proposals } = setup()
    await proposals.keep(proposal())
    const found = await proposals.read(proposal().sha256)
    if (!found) throw new Error('it is there')
    const words = [
      { state: 'approved', approver: 'one', reason: 'r' },
      { state: 'denied', approver: 'two', reason: 'r' },
    ] as const
    const results = await Promise.allSettled(words.map((word) => proposals.decide(found, word)))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    const now = await proposals.read(found.sha256)
    if (!now) throw new Error('it is there')
    expect(await proposals.decide(now, words[0])).toMatchObject({ state: 'approved', approver: 'one' })
    await expect(proposals.decide(now, words[1])).rejects.toMatchObject({ code: 'conflict' })
  })

  it('is refused when 200 wait already', async () => {
    const { clock, proposals } = setup()
    for (let at = 0; at < 200; at++) await proposals.keep(proposal(`r${at}`))
    await expect(proposals.keep(proposal('more'))).rejects.toMatchObject({ reason: 'too_many_proposals' })
    clock.now = DAY
    expect(await proposals.keep(proposal('more'))).toBe(2 * DAY)
  })
})
