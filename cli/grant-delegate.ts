import { randomUUID } from 'node:crypto'
import { onlyArgument } from './gateway/arguments.ts'
import { GATEWAY_OPTIONS, GATEWAY_USAGE, openGateway } from './gateway/gateway.ts'
import { openedAnswer, WISH_OPTIONS, WISH_USAGE, wishOf } from './gateway/grant-wish.ts'
import type { Verb } from './verb.ts'

export const grantDelegate: Verb = {
  name: 'grant delegate',
  usage: `ID ${WISH_USAGE} --token-file FILE ${GATEWAY_USAGE} [--json]`,
  summary: 'Hands a part of a grant on, as its holder: --token-file holds its credential. Prints the new credential.',
  options: { ...GATEWAY_OPTIONS, ...WISH_OPTIONS },
  async run(call) {
    const id = onlyArgument(call, 'the id of the grant')
    const wish = wishOf(call)
    const { json } = await (await openGateway(call))({
      method: 'POST',
      path: `/v1/grants/${encodeURIComponent(id)}/delegations`,
      headers: { 'idempotency-key': randomUUID() },
      json: wish,
    })
    return openedAnswer(call, json)
  },
}
