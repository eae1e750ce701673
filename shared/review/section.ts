/** What a report is made of: findings of one kind, as lines of a table. */
export type Item = Readonly<Record<string, string | number | boolean>>

export type Section = {
  id: string
  title: string
  /** How it was found, and what it does not tell. */
  meaning: string
  /** How many there are; `items` holds the first of them. */
  total: number
  items: readonly Item[]
}

export type Report = {
  report: ReportName
  /** RFC 3339. */
  generatedAt: string
  revision: number
  sections: readonly Section[]
}

export const REPORT_NAMES = ['access-review', 'unused', 'stragglers', 'identities', 'rbac'] as const
export type ReportName = (typeof REPORT_NAMES)[number]

/** More lines nobody reads, and a report must fit its rows. */
export const MAX_ITEMS = 1_000
const MAX_TEXT = 300

export function section(head: Pick<Section, 'id' | 'title' | 'meaning'>, found: readonly Item[]): Section {
  return { ...head, total: found.length, items: found.slice(0, MAX_ITEMS).map(shortened) }
}

/** Names come from vaults, directories and tokens: they may be long. */
const shortened = (item: Item): Item =>
  Object.fromEntries(
    Object.entries(item).map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, MAX_TEXT) : value]),
  )
