import { noArgument, numberOption } from './gateway/arguments.ts'
import { GATEWAY_OPTIONS, GATEWAY_USAGE, openGateway } from './gateway/gateway.ts'
import { allPages } from './gateway/pages.ts'
import { EXIT, type Verb } from './verb.ts'

export const rotationList: Verb = {
  name: 'rotation list',
  usage: `[--limit N] ${GATEWAY_USAGE} [--json]`,
  summary: 'Lists the rotations that the caller may see, and where each stands.',
  options: { ...GATEWAY_OPTIONS, limit: { type: 'string' } },
  async run(call) {
    noArgument(call)
    const limit = numberOption(call, 'limit') ?? Number.POSITIVE_INFINITY
    const { value, more } = await allPages(await openGateway(call), { path: '/v1/rotations', query: {} }, limit)
    return { exit: EXIT.ok, json: { value, ...(more && { more }) }, text: value.map(line) }
  },
}

function line({ name, secret, rotator, mode, state, dueAt, overdue }: Record<string, unknown>): string {
  const due = dueAt === undefined ? [] : [`${overdue === true ? 'overdue since' : 'due'} ${dueAt}`]
  return [`${name}: ${state}`, `${rotator} of ${secret}`, ...(mode === 'auto' ? [] : [String(mode)]), ...due].join(', ')
}
