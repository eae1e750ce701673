import { noArgument, numberOption, textOption } from './gateway/arguments.ts'
import { GATEWAY_OPTIONS, GATEWAY_USAGE, openGateway } from './gateway/gateway.ts'
import { allPages } from './gateway/pages.ts'
import { EXIT, type Verb } from './verb.ts'

export const secretList: Verb = {
  name: 'secret list',
  usage: `[--vault V] [--prefix P] [--limit N] ${GATEWAY_USAGE} [--json]`,
  summary: 'Lists the secrets that the caller may see: names and metadata, no values.',
  options: { ...GATEWAY_OPTIONS, vault: { type: 'string' }, prefix: { type: 'string' }, limit: { type: 'string' } },
  async run(call) {
    noArgument(call)
    const limit = numberOption(call, 'limit') ?? Number.POSITIVE_INFINITY
    const query = { vault: textOption(call, 'vault'), prefix: textOption(call, 'prefix') }
    const { value, more } = await allPages(await openGateway(call), { path: '/v1/secrets', query }, limit)
    return {
      exit: EXIT.ok,
      json: { value, ...(more && { more }) },
      text: value.map((secret) => `${secret['vault']}/${secret['name']}`),
    }
  },
}
