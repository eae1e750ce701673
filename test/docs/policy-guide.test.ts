import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { repositoryRoot } from '../../local/repository-root.ts'
import { parseCases, runCases } from '../../shared/policy/decision-cases.ts'
import { snapshotOf } from '../support/policy/snapshot-of.ts'

type Section = { title: string; documents: unknown[]; cases: unknown[] }

/** Sections of the page with what stands in their fenced blocks. */
const [shared, ...examples] = readFileSync(join(repositoryRoot, 'docs/policy-guide.md'), 'utf8')
  .split(/^## /m)
  .slice(1)
  .map((text): Section => {
    const blocks = (kind: string) =>
      [...text.matchAll(new RegExp(`^\`\`\`json ${kind}\\n([^]*?)^\`\`\``, 'gm'))].flatMap(([, json]) =>
        JSON.parse(json ?? ''),
      )
    return { title: text.split('\n', 1)[0] ?? '', documents: blocks('documents'), cases: blocks('cases') }
  })

describe('docs/policy-guide.md', () => {
  it('has ten examples, each with documents and questions that are permitted or refused', () => {
    expect(examples.map(({ title }) => Number.parseInt(title, 10))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    for (const { documents, cases } of examples) {
      expect(documents.length).toBeGreaterThan(0)
      expect(cases.length).toBeGreaterThan(0)
    }
  })

  it.each(examples)('answers as it says: $title', ({ documents, cases }) => {
    const set = snapshotOf([...(shared?.documents ?? []), ...documents])
    const parsed = parseCases(cases)
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
    expect(parsed.cases.every(({ expect: { reason } }) => reason !== undefined)).toBe(true)
    const wrong = runCases(parsed.cases, set, Date.parse('2026-11-25T12:00:00Z')).filter((one) => one.wrong.length > 0)
    expect(wrong).toEqual([])
  })
})
