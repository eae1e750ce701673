import { beforeAll, describe, expect, it } from 'vitest'
import type { Entry, Journal } from '../../../../shared/audit/entry.ts'
import { createJournal } from '../../../../shared/audit/journal.ts'
import { fillLastUse, knownUntil } from '../../../../shared/audit/last-use/fill.ts'
import { createUses } from '../../../../shared/audit/last-use/uses.ts'
import { createAzure } from '../../../../shared/azure/azure.ts'
import type { Table } from '../../../../shared/azure/table.ts'
import { Secret } from '../../../../shared/secrets/secret.ts'
import { principal } from '../../../support/principal.ts'
import { rig } from '../../../support/rig.ts'

const local = rig()
const HOUR = 3_600_000
const START = Date.UTC(2026, 10, 25, 10, 30)
const OLD = 'a'.repeat(32)
const NEW = 'b'.repeat(32)

let audit: Table
let lastUse: Table
const clock = { now: START }
const now = () => clock.now

beforeAll(async () => {
  await local.createStorage()
  const azure = createAzure(local.config())
  audit = azure.table('audit')
  lastUse = azure.table('lastUse')
})

const writer = (): Journal =>
  createJournal({
    ...{ table: audit, now, deadlineMs: 5_000, build: 'test', instance: 'test', report: () => undefined },
    master: async () => new Secret('m'.repeat(32)),
  })

let txn = 0
function read(who: string, version: string, more: Partial<Entry> = {}): Entry {
  const { id, issuerName, kind, groups, roles, claims } = principal({ id: who })
  return {
    ...{ kind: 'intent', txn: `t${txn++}`, time: new Date(clock.now).toISOString(), context: {} },
    principal: { id, issuerName, kind, groups, roles, claims },
    ...{ action: 'secret:get', resource: 'secret/main/key', handout: { vault: 'main', name: 'key', version } },
    decision: {
      effect: 'permit',
      reason: 'permitted',
      statementIds: ['s'],
      reported: [],
      obligations: {},
      revision: 1,
    },
    ...more,
  } as Entry
}

const fill = () => fillLastUse({ audit, lastUse, now, journalDeadlineMs: 2_000 })
const uses = async () => {
  const found = await createUses(lastUse).of('secret/main/key')
  return found.map(({ principal, version, reads }) => `${principal} ${version[0]} ${reads}`).sort()
}

describe('the index of last uses', () => {
  it('holds who read which version, from several writers and hours, each entry once', async () => {
    const [one, other] = [writer(), writer()]
    await one.record(read('entra:a', OLD))
    await other.record(read('entra:b', OLD))
    await other.record(read('entra:b', OLD, { kind: 'denial' }))
    await fill()
    expect(await uses()).toEqual(['entra:a a 1', 'entra:b a 1'])

    clock.now += 2 * HOUR
    await one.record(read('entra:a', NEW))
    await one.record(read('entra:a', NEW))
    const { reads } = await fill()
    expect(reads).toBe(2)
    expect(await uses()).toEqual(['entra:a a 1', 'entra:a b 2', 'entra:b a 1'])
    expect((await fill()).entries).toBe(0)
    expect(await uses()).toHaveLength(3)
    await Promise.all([one.close(), other.close()])
  })

  it('names who showed a handle, not who made it', async () => {
    const one = writer()
    await one.record(read('entra:maker', NEW, { presenter: 'entra:shower' }))
    await fill()
    expect(await uses()).toContain('entra:shower b 1')
    expect(await uses()).not.toContain('entra:maker b 1')
    await one.close()
  })

  it('claims to be complete only up to what can still come in', async () => {
    await fill()
    expect(await knownUntil(lastUse)).toBe(clock.now - 3_000)
    clock.now -= 10 * HOUR
    await fill()
    expect(await knownUntil(lastUse)).toBe(clock.now + 10 * HOUR - 3_000)
    clock.now += 10 * HOUR
  })

  it('two instances at once lose nothing', async () => {
    const one = writer()
    await Promise.all(Array.from({ length: 20 }, (_, at) => one.record(read(`entra:c${at}`, NEW))))
    await Promise.all([fill(), fill(), fill()])
    expect((await uses()).filter((use) => use.startsWith('entra:c'))).toHaveLength(20)
    await one.close()
  })
})
