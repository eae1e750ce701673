import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Action } from '../../../shared/policy/actions.ts'
import type { StatementDocument } from '../../../shared/policy/documents/statement.ts'
import { createZoneClock } from '../../../shared/policy/match/clock.ts'
import { selectorMatches } from '../../../shared/policy/match/principals.ts'
import { anyOf } from '../../../shared/policy/match/tri.ts'
import { compileStatement } from '../../../shared/policy/statement.ts'
import { createStatementIndex } from '../../../shared/policy/statement-index.ts'
import { principals, statements } from '../../support/policy/arbitraries.ts'
import { principal } from '../../support/principal.ts'

const compile = (document: unknown) =>
  compileStatement(document as StatementDocument, { actionsOf: () => new Set<Action>(), clockOf: createZoneClock })

const forOidc = (subject: string) => ({
  id: 's',
  effect: 'permit',
  mode: 'enforce',
  principals: [{ oidc: { issuer: 'ci', subject } }],
  roles: [],
  resources: ['**'],
})

describe('the index of statements', () => {
  it('finds whatever a scan of all statements finds, but permits on groups for an overage, which cannot help', () => {
    fc.assert(
      fc.property(statements(12), principals, (list, caller) => {
        const index = createStatementIndex()
        const compiled = list.map(compile)
        for (const statement of compiled) index.add(statement)
        expect(new Set(index.candidates(caller).map(({ statement }) => statement)).size).toBe(
          index.candidates(caller).length,
        )
        const found = new Map(index.candidates(caller).map(({ statement, byPrincipal }) => [statement, byPrincipal]))
        for (const statement of compiled) {
          const scanned = anyOf(statement.selectors.map((selector) => selectorMatches(selector, caller)))
          const hopeless = scanned === 'unknown' && statement.effect === 'permit' && caller.groups === 'overage'
          if (!hopeless) expect(found.get(statement) ?? 'no').toBe(scanned)
        }
      }),
      { numRuns: 250 },
    )
  })

  it('does not look at statements about others (B4)', () => {
    const index = createStatementIndex()
    for (let at = 0; at < 1_000; at++) index.add(compile(forOidc(`repo:acme/app${at}:**`)))
    const asked = principal({ kind: 'oidc', issuerName: 'ci', subject: 'repo:acme/app7:ref:refs/heads/main' })
    expect(index.candidates(asked)).toHaveLength(1)
  })

  it('bounds the look-ups for a subject of separators without end', () => {
    const index = createStatementIndex()
    const statement = compile(forOidc(`${'a:'.repeat(30)}**`))
    index.add(statement)
    const asked = principal({ kind: 'oidc', issuerName: 'ci', subject: 'a:'.repeat(5_000) })
    expect(index.candidates(asked)).toEqual([{ statement, byPrincipal: 'yes' }])
  })
})
