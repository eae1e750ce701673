import { describe, expect, it } from 'vitest'
import { encodeEntry, MAX_LINE_CHARACTERS } from '../../../shared/audit/encode.ts'
import type { DecidedEntry } from '../../../shared/audit/entry.ts'
import { intent } from './fixtures.ts'

const acting = (claims: Record<string, unknown>, own: Record<string, unknown> = {}) => {
  const base = intent('t')
  const actor = { principal: { ...base.principal, id: 'oidc:test:actor', claims }, decision: base.decision }
  return intent('t', { actor, principal: { ...base.principal, claims: own } })
}

const encoded = (entry: DecidedEntry) => {
  const line = encodeEntry(entry)
  expect(line.length).toBeLessThanOrEqual(MAX_LINE_CHARACTERS)
  return JSON.parse(line) as DecidedEntry
}

describe('an entry that names who acted', () => {
  it('keeps both principals whole where they fit', () => {
    const entry = acting({ sub: 'actor' }, { sub: 'subject' })
    expect(encoded(entry)).toEqual(entry)
  })

  it('cuts long claims of both, marked', () => {
    const kept = encoded(acting({ a: 'x'.repeat(16_000) }, { b: 'y'.repeat(16_000), sub: 'subject' }))
    expect(kept.cut).toEqual({ claims: ['b', 'a'] })
    expect([kept.principal.claims['sub'], String(kept.actor?.principal.claims['a']).length]).toEqual(['subject', 256])
  })

  it('drops all claims of both when many are too long, and keeps who they were', () => {
    const many = Object.fromEntries(Array.from({ length: 150 }, (_, at) => [`claim${at}`, '\u202e'.repeat(40)]))
    const kept = encoded(acting(many, many))
    expect(kept.cut).toEqual({ claims: 'all' })
    expect([kept.principal.claims, kept.actor?.principal.claims, kept.actor?.principal.id]).toEqual([
      {},
      {},
      'oidc:test:actor',
    ])
  })

  it('cuts the statement lists of both decisions, counted together', () => {
    const statementIds = Array.from({ length: 800 }, (_, at) => `statement-${at}`)
    const base = acting({})
    const decision = { ...base.decision, statementIds }
    const entry = { ...base, decision, ...(base.actor && { actor: { ...base.actor, decision } }) }
    const kept = encoded(entry)
    expect(kept.cut).toEqual({ claims: 'all', statementIds: 1_600, reported: 0 })
    expect([kept.decision.statementIds.length, kept.actor?.decision.statementIds.length]).toEqual([64, 64])
  })
})
