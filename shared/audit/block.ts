import type { Row } from '../azure/table.ts'
import type { Link } from './chain.ts'

/** Azure counts two bytes a character: 64 KiB a property and 1 MiB an entity; Azurite checks neither. */
export const MAX_PROPERTY_CHARACTERS = 30_000
export const MAX_BLOCK_CHARACTERS = 400_000
/** A MAC is 32 bytes: 43 characters of base64url. */
export const MAC_CHARACTERS = 43

/** Blocks read at a time: 100 full ones are 40 MB. */
export const PAGE_BLOCKS = 100

const FORMAT = 1
const MACS_PER_PROPERTY = Math.floor(MAX_PROPERTY_CHARACTERS / MAC_CHARACTERS)

export type BlockPlace = { wid: string; hour: string; block: number }

/** Keys of a block: hour (UTC) and writer, block number. */
export const partitionOf = (hour: string, wid: string) => `${hour}|${wid}`
export const rowKeyOf = (block: number) => String(block).padStart(12, '0')

/** How many characters of a block an entry takes. */
export const sizeOf = (link: Link) => link.body.length + 1 + MAC_CHARACTERS

/**
 * One Table entity of consecutive entries: their exact lines joined by newlines in `lines00`…, their MACs one after the other in
 * `macs00`…; `first`, `count` and `mac` (of the last entry) are an index beside them, not authority. `links` must not be empty.
 */
export function packBlock({ wid, hour, block }: BlockPlace, links: readonly Link[]): Row {
  const row: Row = { partitionKey: partitionOf(hour, wid), rowKey: rowKeyOf(block), v: FORMAT }
  row['first'] = links[0]?.seq
  row['count'] = links.length
  row['mac'] = links.at(-1)?.mac
  let lines = ''
  let column = 0
  for (const { body } of links) {
    if (lines && lines.length + 1 + body.length > MAX_PROPERTY_CHARACTERS) {
      row[columnName('lines', column++)] = lines
      lines = ''
    }
    lines = lines ? `${lines}\n${body}` : body
  }
  row[columnName('lines', column)] = lines
  for (let at = 0; at < links.length; at += MACS_PER_PROPERTY) {
    const macs = links.slice(at, at + MACS_PER_PROPERTY)
    row[columnName('macs', at / MACS_PER_PROPERTY)] = macs.map(({ mac }) => mac).join('')
  }
  return row
}

export const columnName = (kind: 'lines' | 'macs', index: number) => `${kind}${String(index).padStart(2, '0')}`
