/** Something that an untouched journal cannot show. */
export type Finding = {
  code:
    | 'foreign_row'
    | 'malformed_block'
    | 'malformed_entry'
    | 'misplaced_block'
    | 'blocks_missing'
    | 'block_repeated'
    | 'entries_missing'
    | 'entry_repeated'
    | 'mac_wrong'
    | 'other_master'
    | 'writer_not_opened'
    | 'written_after_close'
    | 'writer_missing'
    | 'tail_missing'
    | 'resumed_head_differs'
    | 'resumed_twice'
    | 'written_after_resumed'
    | 'late_intent_acted_upon'
    | 'result_without_intent'
  /** Writer id; absent for a row that names none. */
  writer?: string
  block?: number
  /** Sequence number of the entry. */
  entry?: number
  message: string
}

/** A block that came into the table after its writer had given it up: its requests were refused. */
export type LateBlock = { writer: string; block: number; intents: number }

/** An intent of which nobody knows what became: the process ended, or the result was lost. */
export type OpenIntent = { txn: string; writer: string; block: number; entry: number; time: string }

/** What one level of verification checked; `says` names what it covers, or why it was not done. */
export type Level = { checked: boolean; says: string }

export type Report = {
  /** Nothing is wrong, as far as the checked levels can tell. */
  ok: boolean
  levels: { master: Level; publicKey: Level }
  /** Hours (`yyyyMMddHH`) of the first and last block. */
  from?: string
  to?: string
  writers: number
  /** Writers without `writer.close`: running, killed, or their tail was cut off (docs/journal.md). */
  openWriters: number
  blocks: number
  entries: number
  kinds: Record<string, number>
  /** At most {@link MAX_LISTED}; `wrongCount` has them all. */
  wrong: Finding[]
  wrongCount: number
  late: LateBlock[]
  unknown: OpenIntent[]
  unknownCount: number
  /** Intents younger than 60 s without a result: still running. */
  pending: number
  /** Further results of an act that had one: harmless, a late block is the usual cause. */
  repeatedResults: number
}

export const MAX_LISTED = 1_000
