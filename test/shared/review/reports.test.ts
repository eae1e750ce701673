import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SecretRuleDocument } from '../../../shared/policy/documents/secret-rule.ts'
import { managedIdentities, orphans } from '../../../shared/review/identities.ts'
import { mayRead } from '../../../shared/review/may-read.ts'
import { ghostReaders, undocumentedSharing, unusedPermissions } from '../../../shared/review/permissions.ts'
import { reportsOf } from '../../../shared/review/reports.ts'
import { neverRead, ownerless, pastDue, riskyPasswords, unusedSecrets } from '../../../shared/review/secrets.ts'
import { MAX_ITEMS, type Section } from '../../../shared/review/section.ts'
import { byApp, byObject, DAY, entra, facts, guid, NOW, permit, secret, use } from '../../support/review-facts.ts'

const rule = (name: string, more: Partial<SecretRuleDocument> = {}): SecretRuleDocument => ({
  ...{ kind: 'secretRule', secret: `main/${name}`, owner: 'team', consumers: [], knownTo: [], expiresRequired: false },
  ...more,
})
const column = ({ items }: Section, name: string) => items.map((item) => item[name])

describe('permissions (S13)', () => {
  it('unused: permits in force of which the journal knows no use for 90 days', () => {
    const statements = [
      permit('used', byObject(1), ['secret/main/a']),
      permit('long-ago', byObject(1), ['secret/main/a']),
      permit('never', byObject(1), ['secret/main/a']),
      permit('over', byObject(1), ['secret/main/a'], { expires: '2026-01-01T00:00:00Z' }),
      permit('reported', byObject(1), ['secret/main/a'], { mode: 'report' }),
    ]
    const statementUses = new Map([
      ['used', NOW - 89 * DAY],
      ['long-ago', NOW - 91 * DAY],
    ])
    const found = unusedPermissions(facts({ statements, statementUses }))
    expect(column(found, 'statement')).toEqual(['long-ago', 'never'])
    expect(column(found, 'lastUsed')).toEqual([new Date(NOW - 91 * DAY).toISOString(), 'never'])
  })

  it('ghosts: who read and is let in by no permit any more; what an id does not tell counts for the reader', () => {
    const uses = [use('a', entra(1)), use('a', entra(2)), use('b', entra(1))]
    const byObjectId = facts({ uses, statements: [permit('one', byObject(1), ['secret/main/a'])] })
    expect(ghostReaders(byObjectId).items).toMatchObject([
      { resource: 'secret/main/a', principal: entra(2) },
      { resource: 'secret/main/b', principal: entra(1) },
    ])
    const group = { entra: { tenant: '11111111-1111-4111-8111-111111111111', group: guid(9) } }
    const byGroup = facts({ uses, statements: [permit('one', group, ['secret/**'])] })
    expect(ghostReaders(byGroup).items).toEqual([])
  })

  it('ghosts: an application is told apart where the directory knows it', () => {
    const statements = [permit('app', byApp(50), ['secret/main/a'])]
    const known = [{ objectId: guid(1), appId: guid(51), name: 'other', type: 'Application' }]
    expect(mayRead(facts({ statements }), entra(1), 'secret/main/a')).toBe(true)
    expect(mayRead(facts({ statements, directory: { known } }), entra(1), 'secret/main/a')).toBe(false)
  })

  it('property: whoever the rule lets in by object id on that very resource is never a ghost', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.constantFrom('a', 'b', 'c'), fc.boolean(), (who, name, extra) => {
        const statements = [
          permit('it', byObject(who), [`secret/main/${name}`]),
          ...(extra ? [permit('more', byObject(99), ['secret/**'])] : []),
        ]
        expect(ghostReaders(facts({ statements, uses: [use(name, entra(who))] })).total).toBe(0)
      }),
    )
  })

  it('sharing: readers beyond the consumers of the rule', () => {
    const secretRules = [rule('a', { consumers: [entra(1)] })]
    const found = undocumentedSharing(
      facts({ secretRules, uses: [use('a', entra(1)), use('a', entra(2)), use('b', entra(3))] }),
    )
    expect(column(found, 'principal')).toEqual([entra(2)])
  })
})

describe('secrets (S13)', () => {
  it('never read, and unused for 90 days', () => {
    const secrets = [secret('A'), secret('b'), secret('c'), secret('off', { enabled: false })]
    const uses = [use('a', entra(1)), use('c', entra(1), { lastRead: NOW - 100 * DAY })]
    expect(column(neverRead(facts({ secrets, uses })), 'resource')).toEqual(['secret/main/b'])
    expect(column(unusedSecrets(facts({ secrets, uses })), 'resource')).toEqual(['secret/main/c'])
  })

  it('past due: expired, older than the rule allows, without the expiry it asks for', () => {
    const secrets = [
      secret('a', { expires: NOW - 1 }),
      secret('b', { created: NOW - 31 * DAY }),
      secret('c'),
      secret('d'),
      secret('e', { expires: NOW - 1, enabled: false }),
    ]
    const secretRules = [
      rule('b', { maxAgeDays: 30 }),
      rule('c', { expiresRequired: true }),
      rule('d', { maxAgeDays: 30 }),
    ]
    expect(column(pastDue(facts({ secrets, secretRules })), 'because')).toEqual([
      expect.stringContaining('expired'),
      '31 days old, at most 30',
      'has no expiry and must have one',
    ])
  })

  it('without an owner: neither a rule nor a tag', () => {
    const secrets = [secret('a'), secret('b', { tags: { owner: 'x' } }), secret('c')]
    expect(column(ownerless(facts({ secrets, secretRules: [rule('c')] })), 'resource')).toEqual(['secret/main/a'])
  })

  it('known to several people, or never rotated', () => {
    const secrets = [secret('a'), secret('b', { created: NOW - 400 * DAY }), secret('c')]
    const secretRules = [rule('a', { knownTo: ['Ann', 'Bob'] }), rule('c')]
    const found = riskyPasswords(facts({ secrets, secretRules }))
    expect(column(found, 'resource')).toEqual(['secret/main/a', 'secret/main/b'])
    expect(column(found, 'because')[0]).toContain('known to 2: Ann, Bob')
  })
})

describe('identities (S13)', () => {
  const known = [
    { objectId: guid(1), appId: guid(11), name: 'own', type: 'ManagedIdentity', assigned: 'user' as const },
    { objectId: guid(2), appId: guid(12), name: 'app', type: 'Application' },
  ]

  it('lists managed identities, and names of policies, rules and journal that the tenant does not have', () => {
    const statements = [permit('s', byObject(1), ['secret/main/a']), permit('t', byApp(13), ['secret/main/a'])]
    const found = facts({ statements, uses: [use('a', entra(3))], directory: { known } })
    expect(managedIdentities(found).items).toMatchObject([{ name: 'own', assigned: 'user' }])
    expect(orphans(found).items).toEqual([
      { id: guid(3), by: 'objectId', certain: false, where: 'journal/secret/main/a' },
      { id: guid(13), by: 'appId', certain: true, where: 'statement/t' },
    ])
  })

  it('an unreachable Graph makes no orphans, and says that it was', () => {
    const found = orphans(
      facts({ uses: [use('a', entra(3))], directory: { unavailable: '403 Authorization_RequestDenied' } }),
    )
    expect(found).toMatchObject({ total: 0, meaning: expect.stringContaining('NOT KNOWN') })
  })
})

describe('reports', () => {
  it('are bounded, whatever names there are, and the same for the same facts', () => {
    const secrets = Array.from({ length: MAX_ITEMS + 5 }, (_, at) => secret(`s${at}`))
    const all = reportsOf(facts({ secrets, unreadableVaults: ['x'.repeat(5_000)] }))
    const unused = all.find(({ report }) => report === 'unused')?.sections.find(({ id }) => id === 'never-read')
    expect(unused).toMatchObject({ total: MAX_ITEMS + 5 })
    expect(unused?.items).toHaveLength(MAX_ITEMS)
    expect(JSON.stringify(all)).not.toContain('x'.repeat(301))
    expect(all).toEqual(reportsOf(facts({ secrets, unreadableVaults: ['x'.repeat(5_000)] })))
  })
})
