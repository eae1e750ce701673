import type { Row, StoredRow, Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import { CALL_DEADLINE_MS, CONTROL } from '../policy/storage/revision.ts'
import { textColumns, textOf } from '../policy/storage/version-row.ts'
import type { PolicyChange } from './change.ts'

const LIVES_SECONDS = 86_400
/** More open questions than this nobody answers; whoever asks so many is refused, not stored. */
const MAX_OPEN = 200

/** A change that waits for a second principal: row `_`/`p|<sha256>` of the policies table. */
export type Proposal = {
  sha256: string
  change: PolicyChange
  /** Principal id. */
  writer: string
  revision: number
  state: 'pending' | 'approved' | 'denied'
  approver?: string
  /** Milliseconds. */
  expiresAt: number
  etag: string
}

export type NewProposal = Pick<Proposal, 'sha256' | 'change' | 'writer' | 'revision'>

export type Proposals = {
  /** Undefined when there is none, or when its time is over. */
  read(sha256: string): Promise<Proposal | undefined>
  of(kind: string, id: string): Promise<Proposal[]>
  /** Keeps it for a day; the same one again keeps what it is. Gives its end in milliseconds. */
  keep(proposal: NewProposal): Promise<number>
  /** Writes the word of a second principal by compare-and-set; another word that was there first is `conflict`. */
  decide(
    proposal: Proposal,
    word: { state: 'approved' | 'denied'; approver: string; reason: string },
  ): Promise<Proposal>
}

type Named = Pick<PolicyChange, 'kind' | 'id'>

export const sameDocument = (a: Named, b: Named): boolean => a.kind === b.kind && a.id === b.id

const options = { deadlineMs: CALL_DEADLINE_MS }
const keyOf = (sha256: string) => `p|${sha256}`

export function createProposals({ table, now }: { table: Table; now: () => number }): Proposals {
  const isOver = ({ expiresAt }: Proposal) => expiresAt <= now()

  async function read(sha256: string): Promise<Proposal | undefined> {
    const row = await table.get(CONTROL, keyOf(sha256), options)
    const proposal = row && parse(row)
    return proposal && !isOver(proposal) ? proposal : undefined
  }

  async function all(): Promise<Proposal[]> {
    const found: Proposal[] = []
    const rows = table.list({ partitionKey: CONTROL, rowFrom: 'p|', rowBefore: 'p}' }, options)
    for await (const row of rows) found.push(parse(row))
    return found
  }

  return {
    read,
    of: async (kind, id) => (await all()).filter((one) => sameDocument(one.change, { kind, id }) && !isOver(one)),
    async keep(proposal) {
      const known = await all()
      const over = known.filter(isOver)
      for (const { sha256, etag } of over) await table.remove(CONTROL, keyOf(sha256), etag, options)
      const same = known.find(({ sha256 }) => sha256 === proposal.sha256)
      if (same && !isOver(same)) return same.expiresAt
      if (known.length - over.length >= MAX_OPEN) {
        const detail = `${MAX_OPEN} changes wait for an approval already`
        throw new GatewayError('conflict', 'too_many_proposals', { detail })
      }
      const expiresAt = now() + LIVES_SECONDS * 1_000
      await table.insert(rowOf({ ...proposal, state: 'pending', expiresAt }), options)
      return expiresAt
    },
    async decide(proposal, { state, approver, reason }) {
      const { state: before, approver: first } = proposal
      if (before === state && first === approver) return proposal
      if (before !== 'pending') {
        throw new GatewayError('conflict', 'proposal_decided', { detail: `the change was ${before} already` })
      }
      const row = { ...rowOf({ ...proposal, state }), approver, reason, decidedAt: new Date(now()).toISOString() }
      const written = await table.replace(row, proposal.etag, options)
      if (written !== 'changed') return { ...proposal, state, approver, etag: written.etag }
      // A retried write that had committed reports a conflict: what stands there tells.
      const there = await read(proposal.sha256)
      if (there?.state === state && there.approver === approver) return there
      throw new GatewayError('conflict', 'proposal_decided', { detail: 'somebody else has decided it' })
    },
  }
}

function rowOf({ sha256, change, writer, revision, state, expiresAt }: Omit<Proposal, 'etag' | 'approver'>): Row {
  const { kind, id, text } = change
  return {
    partitionKey: CONTROL,
    rowKey: keyOf(sha256),
    ...{ kind, id, writer, revision, state, act: text === undefined ? 'delete' : 'put' },
    expires: new Date(expiresAt).toISOString(),
    ...textColumns(text ?? ''),
  }
}

function parse(row: StoredRow): Proposal {
  const { rowKey, etag, kind, id, writer, revision, state, approver, expires, act } = row
  return {
    sha256: rowKey.slice('p|'.length),
    change: { kind: String(kind), id: String(id), ...(act === 'put' && { text: textOf(row) }) },
    writer: String(writer),
    revision: Number(revision),
    state: state === 'approved' || state === 'denied' ? state : 'pending',
    ...(typeof approver === 'string' && { approver }),
    // A time that is none is over.
    expiresAt: Date.parse(String(expires)) || 0,
    etag,
  }
}
