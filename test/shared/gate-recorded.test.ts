import { describe, expect, it } from 'vitest'
import type { DecidedEntry, Entry } from '../../shared/audit/entry.ts'
import { recordedQuestion } from '../../shared/audit/replay/recorded-question.ts'
import { loadConfig } from '../../shared/config.ts'
import { createGate } from '../../shared/gate.ts'
import { memoryLimits } from '../support/limits.ts'
import { principal } from '../support/principal.ts'
import { rig } from '../support/rig.ts'

const permitted = {
  effect: 'permit',
  reason: 'permitted',
  statementIds: ['p'],
  reported: [],
  obligations: {},
  revision: 7,
} as const

describe('a decided entry', () => {
  it('holds the moment of the decision, not of the record, and what the decision saw', async () => {
    let now = 1_000
    const asked: number[] = []
    const entries: Entry[] = []
    const gate = createGate({
      decide: (_question, at) => {
        asked.push(at)
        return permitted
      },
      refreshPolicy: async () => {},
      journal: {
        record: async (entry) => {
          entries.push(entry)
          return { wid: 'w', seq: 1, macPrefix: 'm' }
        },
        follow: () => {},
        close: async () => {},
      },
      limits: memoryLimits(() => now),
      now: () => now,
    })
    const through = { chain: ['g1'], covers: () => true, approvedBy: ['entra:t:x'], use: async () => {} }
    const who = principal({ through, boundTo: 'k', claims: { sub: 'o' } })
    const prepare = async () => {
      now += 60_000
      return { handout: {}, sealed: undefined }
    }
    const ask = { txn: 't', action: 'secret:get', resource: 'secret/main/a', context: {} } as const
    await gate.admit({ ...ask, principal: who, prepare, entitled: 'holder', satisfies: new Set(['oneTime'] as const) })
    const entry = entries[0] as DecidedEntry
    expect([asked, entry.time]).toEqual([[1_000], '1970-01-01T00:00:01.000Z'])
    const { question, satisfies, at } = recordedQuestion(entry) ?? {}
    expect([at, question?.entitled, [...(satisfies ?? [])]]).toEqual([1_000, 'holder', ['oneTime']])
    expect(question?.principal).toMatchObject({
      id: who.id,
      tenant: 't',
      objectId: 'o',
      boundTo: 'k',
      claims: { sub: 'o' },
    })
    expect(question?.principal.through).toMatchObject({ chain: ['g1'], approvedBy: ['entra:t:x'] })
    expect(question?.principal.through?.covers('secret:get', 'secret/main/a')).toBe(true)
  })
})

describe('SALLYPORT_FRONT_DOOR', () => {
  const { environment } = rig()

  it('is the issuer unless another origin is named', () => {
    expect(loadConfig(environment).frontDoor).toBe(environment['SALLYPORT_ISSUER'])
    expect(loadConfig({ ...environment, SALLYPORT_FRONT_DOOR: 'https://door.example/' }).frontDoor).toBe(
      'https://door.example',
    )
  })

  it.each(['https://door.example/x', 'door.example', 'ftp://door.example', 'https://u@door.example'])(
    'is refused: %s',
    (door) => {
      expect(() => loadConfig({ ...environment, SALLYPORT_FRONT_DOOR: door })).toThrow('SALLYPORT_FRONT_DOOR')
    },
  )
})
