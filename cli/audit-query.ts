import { type AuditFilter, type Hit, queryJournal } from '../shared/audit/query.ts'
import { toAscii } from '../shared/audit/to-ascii.ts'
import { ACTION_NAMES } from '../shared/policy/actions.ts'
import { describeFailure } from './describe-failure.ts'
import { type Answer, type Call, CliError, EXIT, type Verb } from './verb.ts'
import { withJournal } from './with-journal.ts'

/** Characters of a system entry's detail in a line for people; `--json` has it all. */
const MAX_DETAIL = 200

export const auditQuery: Verb = {
  name: 'audit query',
  usage:
    '[--principal ID] [--resource R[*]] [--action A] [--decision permit|deny] [--from TIME] [--to TIME] [--newest] [--limit N] [--timers] [--json]',
  summary: 'Reads the journal: who asked for what, what was decided and why, and what came of it.',
  options: {
    principal: { type: 'string' },
    resource: { type: 'string' },
    action: { type: 'string' },
    decision: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
    newest: { type: 'boolean' },
    limit: { type: 'string' },
    /** The pairs that timers leave at every tick would bury what people did. */
    timers: { type: 'boolean' },
    'gateway-vault': { type: 'string' },
  },
  run(call) {
    const filter = filterOf(call)
    const limit = limitOf(call)
    const order = call.values['newest'] ? 'newest' : 'oldest'
    return withJournal(call, ({ table }) => {
      const all = queryJournal({ table, filter, order, now: Date.now() })
      const hits = call.values['timers'] ? all : withoutTimers(all)
      return call.values['json'] ? printJson(call, hits, limit) : printLines(call, hits, limit)
    })
  },
}

function filterOf({ values, positionals }: Call): AuditFilter {
  if (positionals.length > 0)
    throw new CliError(EXIT.usage, `\`${positionals[0]}\`: filters are options, such as --principal`)
  const text = (name: string) => values[name]?.toString()
  const oneOf = <T extends string>(name: string, known: readonly T[]): T | undefined => {
    const wanted = text(name)
    const found = known.find((item) => item === wanted)
    if (wanted !== undefined && !found) throw new CliError(EXIT.usage, `--${name}: one of ${known.join(', ')}`)
    return found
  }
  const [principal, resource] = [text('principal'), text('resource')]
  const [action, decision] = [oneOf('action', ACTION_NAMES), oneOf('decision', ['permit', 'deny'])]
  const [from, to] = [timeOf('from', text('from')), timeOf('to', text('to'))]
  return {
    ...(principal !== undefined && { principal }),
    ...(resource !== undefined && { resource }),
    ...(action && { action }),
    ...(decision && { decision }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  }
}

/** RFC 3339, or a date alone (UTC): a time without a zone would mean another on each machine. */
function timeOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const shape = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/
  const time = shape.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time))
    throw new CliError(EXIT.usage, `--${option}: a time such as 2026-11-25T18:30:00Z or 2026-11-25`)
  return time
}

function limitOf({ values }: Call): number {
  const text = values['limit']?.toString()
  if (text === undefined) return Number.POSITIVE_INFINITY
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new CliError(EXIT.usage, '--limit: a number of entries')
  return Number(text)
}

/** One JSON document, an entry a line, written as it is read; a failure in the middle still ends it, as `error`. */
async function printJson(call: Call, hits: AsyncIterable<Hit>, limit: number): Promise<Answer> {
  let lines = 0
  call.print('{"value":[')
  const write = (hit: Hit) => call.print(`${lines++ > 0 ? ',' : ''}${toAscii(plain(hit))}`)
  try {
    const more = await each(hits, limit, write)
    call.print(more ? '],"more":true}' : ']}')
    return { exit: EXIT.ok }
  } catch (error) {
    const { exit, message, detail } = describeFailure(error)
    call.print(`],"error":${toAscii({ message, ...detail })}}`)
    return { exit }
  }
}

async function printLines(call: Call, hits: AsyncIterable<Hit>, limit: number): Promise<Answer> {
  if (await each(hits, limit, (hit) => call.print(describe(hit)))) call.note(`there are more than ${limit}`)
  return { exit: EXIT.ok }
}

/** True when there was more than the limit. */
async function each(hits: AsyncIterable<Hit>, limit: number, use: (hit: Hit) => void): Promise<boolean> {
  let used = 0
  for await (const hit of hits) {
    if (used === limit) return true
    used++
    use(hit)
  }
  return false
}

async function* withoutTimers(hits: AsyncIterable<Hit>): AsyncIterable<Hit> {
  for await (const hit of hits) {
    if (hit.entry.kind !== 'system' || !hit.entry.event.startsWith('timer.')) yield hit
  }
}

const plain = ({ wid, block, entry: { seq, ...entry } }: Hit) => ({ wid, block, seq, ...entry })

function describe({ entry }: Hit): string {
  const text = (...parts: unknown[]) => [entry.time, entry.kind, ...parts.filter(Boolean)].map(unquoted).join(' ')
  if (entry.kind === 'system')
    return text(entry.event, Object.keys(entry.detail).length > 0 && shortened(toAscii(entry.detail)))
  if (entry.kind === 'refused') return text(`${entry.count} times`, `by ${entry.issuer}:`, entry.reason)
  if (entry.kind === 'result') return text(entry.outcome, entry.reason, `txn=${entry.txn}`)
  const { principal, actor, action, resource, decision, refusal, context, handout } = entry
  const why = [refusal ?? decision.reason, decision.statementIds.join('+')].filter(Boolean).join(' by ')
  return text(
    `${principal.id} ${action} ${resource}`,
    `(${why})`,
    actor && `by ${actor.principal.id}`,
    handout?.version && `version=${handout.version}`,
    context.clientAddress && `from ${context.clientAddress}`,
    context.reason && `reason=${toAscii(context.reason)}`,
    `txn=${entry.txn}`,
  )
}

const shortened = (text: string) => (text.length > MAX_DETAIL ? `${text.slice(0, MAX_DETAIL)}...` : text)

/** Printable ASCII: what an entry says must not drive the reader's terminal (T26). */
const unquoted = (value: unknown) => toAscii(String(value)).slice(1, -1).replaceAll('\\"', '"')
