import { DAY_MS, type Facts, iso, UNUSED_DAYS } from './facts.ts'
import { isInForce, mayRead } from './may-read.ts'
import { type Section, section } from './section.ts'

/** Permits in force that permitted nothing for {@link UNUSED_DAYS} days. */
export function unusedPermissions({ statements, statementUses, now }: Facts): Section {
  const since = now - UNUSED_DAYS * DAY_MS
  const found = statements
    .filter((statement) => isInForce(statement, now) && !((statementUses.get(statement.id) ?? 0) > since))
    .map(({ id, actions, patterns, breakGlass }) => ({
      statement: id,
      lastUsed: statementUses.has(id) ? iso(statementUses.get(id) ?? 0) : 'never',
      actions: [...actions].sort().join(' '),
      resources: patterns.join(' '),
      breakGlass,
    }))
  const meaning = `permits in force that permitted nothing in the last ${UNUSED_DAYS} days, as the journal has it; a new one is here until its first use`
  return section({ id: 'unused-permissions', title: 'Unused permissions', meaning }, found.sort(by('statement')))
}

/** Who read a secret and no longer can. */
export function ghostReaders(facts: Facts): Section {
  const found = readers(facts)
    .filter(({ principal, resource }) => !mayRead(facts, principal, resource))
    .map(({ principal, resource, lastRead, reads }) => ({ resource, principal, lastRead: iso(lastRead), reads }))
  const meaning =
    'principals that read a secret which no permit in force lets them read any more: they may still hold its value'
  return section({ id: 'ghost-readers', title: 'Ghost readers', meaning }, found)
}

/** Readers that the secret's rule does not name. */
export function undocumentedSharing(facts: Facts): Section {
  const rules = new Map(facts.secretRules.map((rule) => [`secret/${rule.secret}`, rule]))
  const found = readers(facts).flatMap(({ principal, resource, lastRead, reads }) => {
    const consumers = rules.get(resource)?.consumers
    if (!consumers || consumers.includes(principal)) return []
    return { resource, principal, lastRead: iso(lastRead), reads, documented: consumers.length }
  })
  const meaning =
    'principals that read a secret and are not among the consumers of its secretRule; a rotation would not reckon with them'
  return section({ id: 'undocumented-sharing', title: 'Shared without a recorded dependency', meaning }, found)
}

type Reader = { principal: string; resource: string; lastRead: number; reads: number }

/** One line for a principal and a secret, whatever versions it read. */
export function readers({ uses }: Pick<Facts, 'uses'>): Reader[] {
  const found = new Map<string, Reader>()
  for (const { principal, resource, lastRead, reads } of uses) {
    const key = JSON.stringify([resource, principal])
    const known = found.get(key) ?? { principal, resource, lastRead: 0, reads: 0 }
    found.set(key, { ...known, lastRead: Math.max(known.lastRead, lastRead), reads: known.reads + reads })
  }
  return [...found].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, reader]) => reader)
}

export const by =
  <K extends string>(key: K) =>
  (one: Record<K, string | number>, other: Record<K, string | number>) =>
    one[key] < other[key] ? -1 : one[key] > other[key] ? 1 : 0
