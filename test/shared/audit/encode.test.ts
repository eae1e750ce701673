import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeEntry, MAX_LINE_CHARACTERS } from '../../../shared/audit/encode.ts'
import type { DecidedEntry, Entry } from '../../../shared/audit/entry.ts'
import { GatewayError } from '../../../shared/errors.ts'
import { anyText, intent } from './fixtures.ts'

const HOSTILE: [string, string][] = [
  ['CRLF', 'a\r\n{"kind":"intent"}'],
  ['a lone CR', 'a\rb'],
  ['ANSI escapes', '\u001b[2K\u001b[1A\u001b]0;title\u0007'],
  ['C1 controls (CSI in one unit)', '\u009b2K\u0085'],
  ['DEL', '\u007f'],
  ['bidi overrides and isolates', '\u202e\u202d\u2066\u2067\u2068\u2069\u200e\u200f\u061c'],
  ['line and paragraph separators', '\u2028\u2029'],
  ['zero-width and BOM', '\u200b\u200c\u200d\u2060\ufeff'],
  ['a lone surrogate', '\ud800 \udfff'],
  ['tag characters and emoji', '\u{e0041}\u{1f600}'],
  ['a break out of JSON', '"},"kind":"system","x":{"'],
  ['backslashes', '\\u000a\\n\\'],
  ['a prototype', '__proto__'],
]

const CONTROLS = Array.from({ length: 0xa0 }, (_, code) => String.fromCharCode(code)).join('')

describe('T26: one line of printable ASCII that parses back equal', () => {
  test.each([...HOSTILE, ['every byte up to 0xa0', CONTROLS] as [string, string]])('for %s, anywhere', (_, text) => {
    const claims = JSON.parse(JSON.stringify({ [text]: text, list: [text, { [text]: [text] }] })) as Record<
      string,
      unknown
    >
    const base = intent(text)
    const entry: DecidedEntry = {
      ...base,
      resource: text,
      principal: { ...base.principal, id: text, groups: [text], claims },
      context: { reason: text, purpose: text, ticket: text },
    }
    const line = encodeEntry(entry)
    expect(line).toMatch(/^[ -~]+$/)
    expect(JSON.parse(line)).toEqual(entry)
  })

  test('for any claims', () => {
    fc.assert(
      fc.property(fc.dictionary(anyText, fc.jsonValue()), (claims) => {
        const plain = JSON.parse(JSON.stringify(claims)) as Record<string, unknown>
        const entry = { ...intent('t'), principal: { ...intent('t').principal, claims: plain } }
        const line = encodeEntry(entry)
        expect(line).toMatch(/^[ -~]+$/)
        expect(isDeepStrictEqual((JSON.parse(line) as DecidedEntry).principal.claims, plain)).toBe(true)
      }),
    )
  })
})

describe('an entry of at most 24,000 characters', () => {
  const withClaims = (claims: Record<string, unknown>) =>
    intent('t', { principal: { ...intent('t').principal, claims } })

  test('keeps short claims and marks the long ones it cut', () => {
    const entry = withClaims({ sub: 'me', big: 'x'.repeat(30_000), list: ['y'.repeat(300)] })
    const line = encodeEntry(entry)
    const kept = JSON.parse(line) as DecidedEntry
    expect(line.length).toBeLessThanOrEqual(MAX_LINE_CHARACTERS)
    expect(kept.cut).toEqual({ claims: ['big', 'list'] })
    expect(kept.principal.claims['sub']).toBe('me')
    expect(kept.principal.claims['big']).toBe(`"${'x'.repeat(255)}`)
    expect({ ...kept, cut: undefined, principal: { ...kept.principal, claims: {} } }).toEqual({
      ...entry,
      principal: { ...entry.principal, claims: {} },
    })
  })

  test('drops all claims with a mark when many short ones are too long, and keeps who it was', () => {
    const claims = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`claim${n}`, 'z'.repeat(100)]))
    const kept = JSON.parse(encodeEntry(withClaims(claims))) as DecidedEntry
    expect(kept.cut).toEqual({ claims: 'all' })
    expect({ ...kept.principal }).toEqual({ ...intent('t').principal, claims: {} })
  })

  test('cuts statement lists with their full counts', () => {
    const statementIds = Array.from({ length: 2_000 }, (_, n) => `statement-${n}`)
    const entry = intent('t', { decision: { ...intent('t').decision, statementIds, reported: statementIds } })
    const kept = JSON.parse(encodeEntry(entry)) as DecidedEntry
    expect(kept.cut).toEqual({ claims: 'all', statementIds: 2_000, reported: 2_000 })
    expect(kept.decision.statementIds).toEqual(statementIds.slice(0, 64))
  })

  test.each<[string, Entry, string]>([
    [
      'groups too many to keep',
      intent('t', { principal: { ...intent('t').principal, groups: Array(700).fill('g'.repeat(36)) } }),
      'entry_too_long',
    ],
    ['a resource too long to keep', intent('t', { resource: 'r'.repeat(24_000) }), 'entry_too_long'],
    [
      'a system entry too long',
      { kind: 'system', time: '', event: 'e', detail: { big: 'x'.repeat(24_000) } },
      'entry_too_long',
    ],
    ['a bigint', withClaims({ n: 1n }), 'entry_without_json_form'],
  ])('503 journal_unavailable: refuses %s', (_, entry, reason) => {
    expect(() => encodeEntry(entry)).toThrow(new GatewayError('journal_unavailable', reason))
  })
})
