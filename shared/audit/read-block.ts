import type { StoredRow } from '../azure/table.ts'
import { columnName, MAC_CHARACTERS } from './block.ts'
import type { Entry } from './entry.ts'

/** A line as stored. `entry` is absent where the line is not one JSON object with a sequence number and a kind. */
export type StoredLine = { body: string; mac: string; entry?: StoredEntry }

export type StoredEntry = Entry & { seq: number }

export type StoredBlock = {
  wid: string
  hour: string
  block: number
  lines: StoredLine[]
  /** What is wrong with the row's form; its lines are given as far as they could be read. */
  faults: string[]
}

const PARTITION = /^([0-9]{10})\|([0-9a-f]{32})$/
const BLOCK_NUMBER = /^[0-9]{12}$/
/** Columns that are not ours: the SDK adds them to what is read. */
const SYSTEM_COLUMNS = new Set(['partitionKey', 'rowKey', 'etag', 'timestamp'])

/** Reads one row of the `audit` table; undefined when its keys are not those of a block. Trusts nothing: the row may be an attacker's. */
export function readBlock(row: StoredRow): StoredBlock | undefined {
  const [, hour, wid] = PARTITION.exec(row.partitionKey) ?? []
  if (!hour || !wid || !BLOCK_NUMBER.test(row.rowKey)) return undefined
  const left = new Map(Object.entries(row).filter(([name]) => !SYSTEM_COLUMNS.has(name)))
  const take = (name: string) => {
    const value = left.get(name)
    left.delete(name)
    return value
  }
  const texts = (kind: 'lines' | 'macs') => takeAll(take, kind)
  const bodies = texts('lines').flatMap((text) => text.split('\n'))
  const macs = texts('macs').join('')
  const lines = bodies.map((body, index) => readLine(body, macs, index))
  const faults: string[] = []
  const expect = (name: string, value: unknown) => {
    if (take(name) !== value) faults.push(`column \`${name}\` does not match the lines`)
  }
  expect('v', 1)
  expect('count', lines.length)
  expect('first', lines[0]?.entry?.seq)
  expect('mac', lines.at(-1)?.mac)
  if (macs.length !== bodies.length * MAC_CHARACTERS) faults.push('there is not one MAC for each line')
  for (const name of left.keys()) faults.push(`unknown column \`${name}\``)
  return { wid, hour, block: Number(row.rowKey), lines, faults }
}

function takeAll(take: (name: string) => unknown, kind: 'lines' | 'macs'): string[] {
  const texts: string[] = []
  for (let index = 0; ; index++) {
    const text = take(columnName(kind, index))
    if (typeof text !== 'string') return texts
    texts.push(text)
  }
}

function readLine(body: string, macs: string, index: number): StoredLine {
  const mac = macs.slice(index * MAC_CHARACTERS, (index + 1) * MAC_CHARACTERS)
  const entry = parseLine(body)
  return entry ? { body, mac, entry } : { body, mac }
}

function parseLine(body: string): StoredEntry | undefined {
  try {
    const entry = JSON.parse(body) as Partial<StoredEntry> | null
    const sound = entry !== null && Number.isSafeInteger(entry.seq) && typeof entry.kind === 'string'
    return sound ? (entry as StoredEntry) : undefined
  } catch {
    return undefined
  }
}
