import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodePrincipal } from '../../../shared/audit/encode-principal.ts'
import type { EntryPrincipal } from '../../../shared/audit/entry.ts'
import { intent } from './fixtures.ts'

const NONE: readonly string[] = Object.freeze([])
const claims = Object.freeze({ tid: 't', name: 'Zo\u00eb' })
const base: EntryPrincipal = { ...intent('t').principal, groups: NONE, roles: NONE, claims }

test('T26: gives the same text whether it saw the principal before or not', () => {
  const first = encodePrincipal(base)
  expect(encodePrincipal({ ...base })).toBe(first)
  expect(first).toMatch(/^[ -~]+$/)
  expect(JSON.parse(first)).toEqual(base)
})

test.each<[string, Partial<EntryPrincipal>]>([
  ['id', { id: 'oidc:other:eA' }],
  ['issuer', { issuerName: 'other' }],
  ['kind', { kind: 'oidc' }],
  ['application', { appId: 'a' }],
  ['token', { tokenId: 'j' }],
  ['key', { boundTo: 'A'.repeat(43) }],
  ['partial', { partial: true }],
  ['groups', { groups: 'overage' }],
  ['roles', { roles: Object.freeze(['admin']) }],
])('names nobody else who comes with the same claims: another %s', (_, other) => {
  encodePrincipal(base)
  expect(JSON.parse(encodePrincipal({ ...base, ...other }))).toEqual({ ...base, ...other })
})

test('keeps nothing of what may still change', () => {
  const open: Record<string, unknown> = { role: 'reader' }
  const roles: string[] = []
  fc.assert(
    fc.property(fc.string(), fc.string(), (role, more) => {
      open['role'] = role
      roles.push(more)
      for (const one of [
        { ...base, claims: open },
        { ...base, claims: Object.freeze({ role }), roles },
      ]) {
        encodePrincipal(one)
        roles.push(role)
        expect(JSON.parse(encodePrincipal(one))).toEqual(one)
      }
    }),
  )
})
