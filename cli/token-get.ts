import { randomUUID } from 'node:crypto'
import { onlyArgument, textOption } from './gateway/arguments.ts'
import { GATEWAY_OPTIONS, GATEWAY_USAGE, openGateway, textIn } from './gateway/gateway.ts'
import { EXIT, type Verb } from './verb.ts'

export const tokenGet: Verb = {
  name: 'token get',
  usage: `TARGET [--scope S] [--ttl 15m] [--path P] ${GATEWAY_USAGE} [--json]`,
  summary: 'Prints a token for a target and nothing else; --json prints the whole answer, with what the token can do.',
  options: { ...GATEWAY_OPTIONS, scope: { type: 'string' }, ttl: { type: 'string' }, path: { type: 'string' } },
  async run(call) {
    const target = onlyArgument(call, 'the name of a target, such as ledger-api')
    const [scope, ttl, path] = ['scope', 'ttl', 'path'].map((name) => textOption(call, name))
    const { json } = await (await openGateway(call))({
      method: 'POST',
      path: '/v1/tokens',
      headers: { 'idempotency-key': randomUUID() },
      json: { target, scope, ttl, path },
    })
    return { exit: EXIT.ok, json, value: textIn(json, 'token') }
  },
}
