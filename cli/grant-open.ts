import { randomUUID } from 'node:crypto'
import { noArgument } from './gateway/arguments.ts'
import { GATEWAY_OPTIONS, GATEWAY_USAGE, openGateway } from './gateway/gateway.ts'
import { openedAnswer, WISH_OPTIONS, WISH_USAGE, wishOf } from './gateway/grant-wish.ts'
import type { Verb } from './verb.ts'

export const grantOpen: Verb = {
  name: 'grant open',
  usage: `${WISH_USAGE} [--break-glass] ${GATEWAY_USAGE} [--json]`,
  summary: 'Opens a grant and prints its credential, which is a token for --token-file.',
  options: { ...GATEWAY_OPTIONS, ...WISH_OPTIONS, 'break-glass': { type: 'boolean' } },
  async run(call) {
    noArgument(call)
    const wish = { ...wishOf(call), ...(call.values['break-glass'] && { breakGlass: true }) }
    const { json } = await (await openGateway(call))({
      method: 'POST',
      path: '/v1/grants',
      headers: { 'idempotency-key': randomUUID() },
      json: wish,
    })
    return openedAnswer(call, json)
  },
}
